import Testing
import Vernal
import VernalTestKit

/// A table for one test.
private func withTable<R>(_ body: (_ table: SQLQuery, _ admin: Engine) async throws -> R) async throws -> R {
    let table: SQLQuery = "\(identifier: "cancellation_\(UInt32.random(in: 0...UInt32.max))")"
    return try await withEngine { admin in
        try await admin.execute("CREATE TABLE \(table) (n int8)")
        let result: Result<R, any Error>
        do { result = .success(try await body(table, admin)) } catch { result = .failure(error) }
        try await admin.execute("DROP TABLE \(table)")
        return try result.get()
    }
}

/// All kinds of round trips there are: connect, BEGIN, statement, savepoint, COMMIT.
private func work(_ engine: Engine, _ table: SQLQuery, _ number: Int) async throws {
    try await engine.withTransaction { connection in
        try await connection.execute("INSERT INTO \(table) VALUES (\(number))")
        try await connection.withTransaction { connection in
            _ = try await connection.query("SELECT pg_sleep(0.001)")
        }
    }
}

/// That a cancelled task left nothing behind, and that its error tells the truth about what was committed.
private func check(
    _ outcome: Result<Void, any Error>,
    _ engine: Engine,
    _ admin: Engine,
    _ table: SQLQuery,
    _ number: Int
) async throws {
    #expect(engine.statistics.active == 0)
    #expect(engine.statistics.waiting == 0)
    let rows = try await admin.query("SELECT count(*) FROM \(table) WHERE n = \(number)").value(as: Int.self)
    switch outcome {
    case .success: #expect(rows == 1, "a commit was reported that did not take place (\(number))")
    case .failure(let error as VernalError) where error.code == .cancelled:
        #expect(rows == 0, "a cancellation was reported, and it was committed (\(number))")
    case .failure(let error): Issue.record("unexpected: \(error)")
    }
    let lent = try await engine.leasableConnections()
    #expect(lent == engine.configuration?.poolSize)
    #expect(engine.isAtRest)
    #expect(engine.statistics.open <= engine.statistics.limit)
}

extension `On a real server` {
    @Suite struct `A task that is cancelled` {
        /// How many times a side begins to speak until the work is done.
        private func turns(_ table: SQLQuery) async throws -> Int {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    let turns = Shared(0)
                    proxy.observe { _ in turns.change { $0 += 1 } }
                    try await work(engine, table, -1)
                    return turns.value
                }
            }
        }

        @Test func `at any turn of the conversation loses no connection, and knows what was committed`() async throws {
            try await withTable { table, admin in
                let turns = try await turns(table)
                #expect(turns > 12)
                // The first half cancels while a connect is made, the second on a connection that is there already.
                for isWarm in [false, true] {
                    for turn in 1...turns {
                        try await FaultProxy.run { proxy in
                            try await using(try proxy.engine()) { engine in
                                if isWarm { try await engine.execute("SELECT 1") }
                                let number = turn * 2 + (isWarm ? 1 : 0)
                                let spoken = Shared(0)
                                let task = Shared<Task<Void, any Error>?>(nil)
                                let isKnown = Gate()
                                proxy.observe { _ in
                                    spoken.change { $0 += 1 }
                                    if spoken.value == turn { task.value?.cancel() }
                                }
                                let worker = Task {
                                    await isKnown.pass()
                                    try await work(engine, table, number)
                                }
                                task.change { $0 = worker }
                                isKnown.open()
                                let outcome = await worker.result
                                proxy.observe(nil)
                                try await check(outcome, engine, admin, table, number)
                            }
                        }
                    }
                }
            }
        }

        @Test func `at any moment loses no connection, and knows what was committed`() async throws {
            var random = SeededGenerator(seed: 20_261_121)
            try await withTable { table, admin in
                try await FaultProxy.run(.latency(.microseconds(300))) { proxy in
                    try await using(
                        try proxy.engine {
                            $0.poolSize = 2; $0.pingBypass = .zero
                        }
                    ) { engine in
                        for number in 0..<80 {
                            let worker = Task { try await work(engine, table, number) }
                            try await Task.sleep(for: .microseconds(Int.random(in: 0...12_000, using: &random)))
                            worker.cancel()
                            try await check(await worker.result, engine, admin, table, number)
                            // Every now and then from the connect on.
                            if number.isMultiple(of: 4) { await proxy.closeAll() }
                        }
                    }
                }
            }
        }

        @Test func `among many that compete for few connections loses none`() async throws {
            var random = SeededGenerator(seed: 42)
            try await withTable { table, admin in
                try await using(
                    testEngine {
                        $0.poolSize = 3; $0.maxWaiters = 100
                    }
                ) { engine in
                    for round in 0..<8 {
                        let workers = (0..<40).map { number in
                            Task { try await work(engine, table, round * 100 + number) }
                        }
                        for worker in workers.shuffled(using: &random).prefix(30) {
                            try await Task.sleep(for: .microseconds(Int.random(in: 0...400, using: &random)))
                            worker.cancel()
                        }
                        var succeeded = 0
                        for worker in workers {
                            switch await worker.result {
                            case .success: succeeded += 1
                            case .failure(let error): #expect((error as? VernalError)?.code == .cancelled, "\(error)")
                            }
                        }
                        let rows = try await admin.query("DELETE FROM \(table)").affectedRows
                        #expect(rows == succeeded)
                        #expect(engine.statistics.active == 0)
                        #expect(engine.statistics.waiting == 0)
                    }
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 3)
                    #expect(engine.statistics.open <= 3)
                }
            }
        }

        // Scenario 58.
        @Test func `before it asks is told at once, and nothing is opened`() async throws {
            try await withEngine { engine in
                let isCancelled = Gate()
                let task = Task {
                    await isCancelled.pass()
                    return try await engine.query("SELECT 1")
                }
                task.cancel()
                isCancelled.open()
                let error = try await #require(throws: VernalError.self) { try await task.value }
                #expect(error.code == .cancelled)
                #expect(!error.isRetryable)
                #expect(!error.statementWasSent)
                #expect(engine.statistics.connects == 0)
            }
        }

        // Scenario 59.
        @Test func `during the ping gives its connection back or closes it`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.pingBypass = .zero; $0.pingIdleAge = .zero; $0.pingTimeout = .seconds(5)
                    }
                ) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.mode = .hold
                    let task = Task { try await engine.query("SELECT 2") }
                    try await eventually("it is lent") { engine.statistics.active == 1 }
                    task.cancel()
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) { try await task.value }
                        #expect(error.code == .cancelled)
                    }
                    #expect(took < .seconds(2))
                    #expect(engine.statistics.active == 0)
                    proxy.mode = .forward
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 1)
                }
            }
        }

        @Test func `in the middle of a statement has the server give it up`() async throws {
            try await withEngine { admin in
                try await withEngine { engine in
                    let backend = try await engine.backend()
                    let task = Task { try await engine.query("SELECT pg_sleep(30)") }
                    try await eventually("the statement runs") {
                        try await admin.query("SELECT state = 'active' FROM pg_stat_activity WHERE pid = \(backend)")
                            .value(as: Bool.self)
                    }
                    task.cancel()
                    let error = try await #require(throws: VernalError.self) { try await task.value }
                    #expect(error.code == .cancelled)
                    #expect(error.statementWasSent)
                    #expect(try await engine.backend() == backend)
                }
            }
        }
    }
}
