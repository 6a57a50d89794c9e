import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `The size of a pool` {
        // Scenario 2.
        @Test func `is not touched by the end of the task that made it`() async throws {
            let isCancelled = Gate()
            let maker = Task {
                await isCancelled.pass()
                #expect(Task.isCancelled)
                return try testEngine()
            }
            maker.cancel()
            isCancelled.open()
            try await using(try await maker.value) { engine in
                let answer = try await engine.query("SELECT 1::int8").value(as: Int.self)
                #expect(answer == 1)
            }
        }

        // Scenario 9.
        @Test func `is reached once, however often and by however many the pool is warmed up`() async throws {
            try await withEngine({
                $0.poolSize = 4
                $0.minConnections = 2
            }) { engine in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await engine.warmUp() } }
                    try await group.waitForAll()
                }
                try await engine.warmUp()
                #expect(engine.statistics.connects == 2)
                #expect(engine.statistics.idle == 2)
            }
        }

        // Scenario 12.
        @Test func `that cannot be reached in time is an error of the warm-up`() async throws {
            try await FaultProxy.run(.deaf) { proxy in
                try await using(try proxy.engine { $0.minConnections = 1 }) { engine in
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.warmUp(timeout: .milliseconds(150))
                        }
                        #expect(error.code == .timedOut)
                    }
                    #expect(took >= .milliseconds(150))
                    #expect(took < .seconds(1))
                }
            }
        }

        // Scenario 11.
        @Test func `is kept by many tasks that meet at an empty pool`() async throws {
            for _ in 0..<10 {
                try await withEngine { engine in
                    let everybody = Gate()
                    let epochs = try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<24 {
                            group.addTask {
                                await everybody.pass()
                                return try await engine.withConnection { connection in connection.epoch }
                            }
                        }
                        try await eventually("all are there") { everybody.waiting == 24 }
                        everybody.open()
                        return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
                    }
                    #expect(epochs == [1])
                    #expect(engine.statistics.connects == 1)
                }
            }
        }

        // Scenario 20.
        @Test func `grows with the load and shrinks when it is over`() async throws {
            try await withEngine({
                $0.poolSize = 4
                $0.idleTimeout = .milliseconds(100)
            }) { engine in
                let lent = try await engine.leasableConnections()
                #expect(lent == 4)
                #expect(engine.statistics.open == 4)
                try await Task.sleep(for: .milliseconds(150))
                try await engine.execute("SELECT 1")
                #expect(engine.statistics.open == 1)
                #expect(engine.statistics.expiries == 4)
            }
        }

        // Scenario 21.
        @Test func `stays far below a burst of callers when connects are slow and statements quick`() async throws {
            try await FaultProxy.run(.hold) { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 50
                        $0.maxWaiters = 64
                        $0.connectBurst = 4
                        $0.connectRate = 5
                    }
                ) { engine in
                    let served = try await withThrowingTaskGroup(of: Int.self) { group in
                        for number in 0..<50 {
                            group.addTask {
                                try await engine.query("SELECT \(number) FROM pg_sleep(0.002)").value(as: Int.self)
                            }
                        }
                        // What a connect takes that takes long.
                        try await Task.sleep(for: .milliseconds(150))
                        proxy.mode = .forward
                        return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
                    }
                    #expect(served == Set(0..<50))
                    #expect(engine.statistics.connects < 12)
                    #expect(engine.isAtRest)
                }
            }
        }

        // Scenario 22.
        @Test func `is the number of tasks when each works for long`() async throws {
            try await withEngine({ $0.poolSize = 8 }) { engine in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<6 { group.addTask { _ = try await engine.query("SELECT pg_sleep(0.2)") } }
                    try await group.waitForAll()
                }
                #expect(engine.statistics.connects == 6)
                #expect(engine.statistics.idle == 6)
            }
        }

        // Scenario 24: what was used last is warm; what is not needed grows old and goes.
        @Test func `is used from one end, so that the others can grow old`() async throws {
            try await withEngine({ $0.poolSize = 3 }) { engine in
                let all = try await backendsAtOnce(engine, 3)
                #expect(Set(all).count == 3)
                var used: Set<Int> = []
                for _ in 0..<20 { used.insert(try await engine.backend()) }
                #expect(used.count == 1)
            }
        }

        // Scenario 30.
        @Test func `is what can be lent at once of idle connections, and none is opened for it`() async throws {
            try await withEngine({ $0.poolSize = 5 }) { engine in
                let first = try await backendsAtOnce(engine, 5)
                #expect(engine.statistics.idle == 5)
                let second = try await backendsAtOnce(engine, 5)
                #expect(Set(first) == Set(second))
                #expect(engine.statistics.connects == 5)
            }
        }
    }
}
