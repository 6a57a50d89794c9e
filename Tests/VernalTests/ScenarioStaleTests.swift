import InvocationLifecycle
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A connection that died while nobody used it` {
        // Scenario 69.
        @Test func `is looked for among idle ones only: a new one is not asked whether it is alive`() async throws {
            func trips(isAsked: Bool) async throws -> [Int] {
                try await FaultProxy.run { proxy in
                    let engine = try proxy.engine {
                        $0.pingBypass = .zero
                        $0.pingIdleAge = isAsked ? .zero : .seconds(60)
                    }
                    return try await using(engine) { engine in
                        var trips: [Int] = []
                        for _ in 0..<2 {
                            let before = proxy.counts.roundTrips
                            try await engine.withConnection { _ in }
                            trips.append(proxy.counts.roundTrips - before)
                            // The second time round it is a successor that is new.
                            await proxy.closeAll()
                        }
                        return trips
                    }
                }
            }
            let (asked, notAsked) = (try await trips(isAsked: true), try await trips(isAsked: false))
            #expect(asked == notAsked)
            #expect(asked[0] == asked[1])
        }

        // Scenario 76.
        @Test func `is given up alone: its neighbours stay`() async throws {
            let admin = try testEngine()
            try await withEngine({
                $0.poolSize = 3
                $0.pingBypass = .zero
            }) { engine in
                let before = try await backendsAtOnce(engine, 3)
                try await admin.terminate(backend: before[1])
                let after = try await backendsAtOnce(engine, 3)
                #expect(Set(after).isSuperset(of: [before[0], before[2]]))
                #expect(!after.contains(before[1]))
                #expect(engine.statistics.connects == 4)
                #expect(engine.statistics.losses == 1)
            }
            await admin.dispose()
        }

        // Scenario 82.
        @Test func `is passed over until one is found that lives, and nothing is opened`() async throws {
            let admin = try testEngine()
            try await withEngine({
                $0.poolSize = 4
                $0.pingBypass = .zero
            }) { engine in
                let backends = try await backendsAtOnce(engine, 4)
                let lastUsed = try await engine.backend()
                let survivor = try #require(backends.first { $0 != lastUsed })
                for backend in backends where backend != survivor { try await admin.terminate(backend: backend) }
                #expect(try await engine.backend() == survivor)
                #expect(engine.statistics.connects == 4)
            }
            await admin.dispose()
        }

        // Scenario 80: the server ends it after the last statement and before it goes back.
        @Test func `or in the moment in which it came back is replaced without an error`() async throws {
            let admin = try testEngine()
            try await withEngine({ $0.pingBypass = .zero }) { engine in
                for round in 1...3 {
                    let backend = try await engine.withConnection { connection in
                        try await connection.execute("SELECT 1")
                        try await admin.terminate(backend: connection.backendPID)
                        return connection.backendPID
                    }
                    #expect(try await engine.backend() != backend)
                    #expect(engine.statistics.losses == round)
                }
            }
            await admin.dispose()
        }

        // Scenario 81.
        @Test func `with all the others is replaced by as many as there have to be`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 3
                        $0.minConnections = 3
                        $0.pingBypass = .zero
                    }
                ) { engine in
                    try await engine.warmUp()
                    let before = try await backendsAtOnce(engine, 3)
                    proxy.mode = .closeAtOnce
                    await proxy.closeAll()
                    let error = try await #require(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                    #expect(error.code == .connectFailed)
                    #expect(engine.statistics.open == 0)
                    proxy.mode = .forward
                    try await engine.warmUp()
                    #expect(engine.statistics.idle == 3)
                    let after = try await backendsAtOnce(engine, 3)
                    #expect(Set(after).isDisjoint(with: before))
                }
            }
        }

        // Scenario 71.
        @Test func `is not looked for in a circle while the server is gone`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 3
                        $0.pingBypass = .zero
                    }
                ) { engine in
                    _ = try await backendsAtOnce(engine, 3)
                    proxy.mode = .closeAtOnce
                    await proxy.closeAll()
                    for attempt in 1...3 {
                        let took = try await time {
                            let error = try await #require(throws: VernalError.self) {
                                try await engine.execute("SELECT 1")
                            }
                            #expect(error.code == .connectFailed)
                        }
                        #expect(took < .seconds(1))
                        // One connect for each caller, and no more.
                        #expect(engine.statistics.connectFailures == attempt)
                    }
                    #expect(engine.isAtRest)
                }
            }
        }

        // Scenario 85.
        @Test func `keeps nobody else from another one while it is asked`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 2
                        $0.pingBypass = .zero
                        $0.pingIdleAge = .zero
                        $0.pingTimeout = .seconds(2)
                    }
                ) { engine in
                    _ = try await backendsAtOnce(engine, 2)
                    // The ping is a simple query without text.
                    proxy.when(clientSends: "Q\u{0}\u{0}\u{0}\u{5}\u{0}", .discard)
                    let slow = Task { try await engine.backend() }
                    try await eventually("one is being asked") { engine.statistics.active == 1 }
                    try await Task.sleep(for: .milliseconds(20))
                    let took = try await time { try await engine.execute("SELECT 1") }
                    #expect(took < .seconds(1))
                    #expect(engine.statistics.losses == 0)
                    _ = try await slow.value
                    #expect(engine.statistics.losses == 1)
                }
            }
        }

        // Scenario 165: the look costs no round trip, and one connect makes up for it.
        @Test func `in a freeze is found by the look, and one connect makes up for it`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.pingBypass = .seconds(10) }) { engine in
                    let backend = try await engine.backend()
                    await proxy.closeAll()
                    // Longer than the bypass, which holds for what was used a moment ago; too short for a ping.
                    await engine.participant.didThaw(gap: .seconds(15))
                    #expect(try await engine.backend() != backend)
                    #expect(engine.statistics.losses == 1)
                    #expect(engine.statistics.connects == 2)
                    #expect(proxy.counts.connections == 2)
                }
            }
        }

        // Scenario 163.
        @Test func `perhaps, in a freeze of minutes, is not asked but replaced`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    let backend = try await engine.backend()
                    // The second time it may be asked, once, what is in between.
                    #expect(try await engine.backend() == backend)
                    // Between the age at which it is asked and the one at which it is closed: one round trip more.
                    await engine.participant.didThaw(gap: .seconds(40))
                    let before = proxy.counts.roundTrips
                    #expect(try await engine.backend() == backend)
                    #expect(proxy.counts.roundTrips == before + 2)
                    await engine.participant.didThaw(gap: .seconds(600))
                    #expect(try await engine.backend() != backend)
                    #expect(engine.statistics.expiries == 1)
                    #expect(engine.statistics.losses == 0)
                }
            }
        }
    }

    @Suite struct `A connection that dies while it is used` {
        // Scenario 72.
        @Test func `takes its transaction with it, says so, and the next one works`() async throws {
            let admin = try testEngine()
            try await withEngine { engine in
                let table: SQLQuery = "\(identifier: "died_\(UInt32.random(in: 0...UInt32.max))")"
                try await admin.execute("CREATE TABLE \(table) (n int)")
                for isCommit in [false, true] {
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withTransaction { connection in
                            try await connection.execute("INSERT INTO \(table) VALUES (1)")
                            try await admin.terminate(backend: connection.backendPID)
                            // At the statement, or not before the commit.
                            if !isCommit { try await connection.execute("INSERT INTO \(table) VALUES (2)") }
                        }
                    }
                    // A commit that was sent into a connection whose end has not been seen may have arrived.
                    #expect(error.code == .connectionLost || (isCommit && error.code == .unknownCommitOutcome))
                    #expect(engine.statistics.open == 0)
                }
                try await engine.withTransaction { connection in
                    try await connection.execute("INSERT INTO \(table) VALUES (3)")
                }
                #expect(try await engine.query("SELECT n FROM \(table)").decode(Int32.self) == [3])
                try await admin.execute("DROP TABLE \(table)")
            }
            await admin.dispose()
        }

        // Scenario 89: no statement is kept at the server under a name, so none can be out of date there.
        @Test func `is not the price of a table that changes between two runs of a statement`() async throws {
            try await withEngine { engine in
                let table: SQLQuery = "\(identifier: "changing_\(UInt32.random(in: 0...UInt32.max))")"
                try await engine.execute("CREATE TABLE \(table) (n int)")
                for type: SQLQuery in ["int8", "text", "numeric"] {
                    for _ in 0..<8 { try await engine.execute("INSERT INTO \(table) (n) VALUES (1)") }
                    let rows = try await engine.query("SELECT * FROM \(table) WHERE n IS NOT NULL")
                    #expect(rows.count.isMultiple(of: 8))
                    try await engine.withConnection { connection in
                        try await connection.execute("ALTER TABLE \(table) ALTER COLUMN n TYPE \(type) USING 1")
                        try await connection.execute(
                            "ALTER TABLE \(table) ADD COLUMN \(identifier: "c\(rows.count)") int"
                        )
                    }
                }
                #expect(try await engine.query("SELECT * FROM \(table)").columns.count == 4)
                try await engine.execute("DROP TABLE \(table)")
                #expect(engine.statistics.connects == 1)
            }
        }

        // Scenario 98.
        @Test func `takes no statement with it: the same statement runs on whatever connection there is`() async throws
        {
            try await withEngine({ $0.maxUses = 2 }) { engine in
                for number in 0..<10 {
                    let answer = try await engine.query("SELECT \(number) + 1").value(as: Int.self)
                    #expect(answer == number + 1)
                }
                #expect(engine.statistics.connects == 5)
                let kept = try await engine.query("SELECT count(*) FROM pg_prepared_statements").value(as: Int.self)
                #expect(kept == 0)
            }
        }
    }
}
