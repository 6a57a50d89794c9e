import Testing
import Vernal
import VernalTestKit

/// How an acquire ended.
private func outcome(of body: () async throws -> Void) async -> VernalError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? VernalError)?.code ?? .misuse
    }
}

extension `On a real server` {
    @Suite struct `A time limit` {
        // Scenario 36.
        @Test func `of one's own goes before the configured one, longer and shorter`() async throws {
            try await withEngine({ $0.acquireTimeout = .milliseconds(150) }) { engine in
                try await holding(engine) { release in
                    let short = await time {
                        let code = await outcome {
                            try await engine.withConnection(acquireTimeout: .milliseconds(30)) { _ in }
                        }
                        #expect(code == .poolExhausted)
                    }
                    #expect(short < .milliseconds(150))
                    let long = Task { try await engine.withConnection(acquireTimeout: .seconds(10)) { $0.epoch } }
                    let configured = await time {
                        let code = await outcome { try await engine.execute("SELECT 1") }
                        #expect(code == .poolExhausted)
                    }
                    #expect(configured >= .milliseconds(150))
                    #expect(engine.statistics.waiting == 1)
                    try await release()
                    #expect(try await long.value == 1)
                }
            }
        }

        // Scenario 40: the connection comes back as close to the end of the time as can be.
        @Test func `that runs out as the connection comes loses no connection`() async throws {
            var random = SeededGenerator(seed: 40)
            try await withEngine { engine in
                var served = 0
                // Those that a busy machine let run for nothing of their 4 ms: they are refused before they wait.
                var late = 0
                for _ in 0..<150 {
                    try await holding(engine) { release in
                        let waiter = Task {
                            try await engine.withConnection(acquireTimeout: .milliseconds(4)) { _ in }
                        }
                        try await Task.sleep(for: .microseconds(Int.random(in: 3000...5000, using: &random)))
                        try await release()
                        switch await waiter.result {
                        case .success: served += 1
                        case .failure(let error):
                            let error = try #require(error as? VernalError)
                            if error.message.hasPrefix("the deadline had passed before a connection was asked for") {
                                late += 1
                            } else {
                                #expect(error.code == .poolExhausted)
                            }
                        }
                    }
                    #expect(engine.isAtRest)
                }
                #expect(served + late + engine.statistics.waitTimeouts == 150)
                #expect(try await engine.leasableConnections() == 1)
                #expect(engine.statistics.connects == 1)
            }
        }

        // Scenarios 42, 43 and 44.
        @Test func `that ends for fifteen at once tells them all, and harms nobody behind them`() async throws {
            try await withEngine { engine in
                try await holding(engine) { release in
                    try await withThrowingTaskGroup(of: VernalError.Code?.self) { group in
                        for number in 0..<20 {
                            group.addTask {
                                // Every fourth has more time; they stand between the others.
                                let limit: Duration = number % 4 == 3 ? .seconds(20) : .milliseconds(60)
                                return await outcome {
                                    try await engine.withConnection(acquireTimeout: limit) { _ in }
                                }
                            }
                            try await eventually("\(number + 1) wait") {
                                engine.statistics.waiting + engine.statistics.waitTimeouts == number + 1
                            }
                        }
                        for _ in 0..<15 {
                            let code = try await group.next() ?? nil
                            #expect(code == .poolExhausted)
                        }
                        #expect(engine.statistics.waiting == 5)
                        try await release()
                        for _ in 0..<5 {
                            let code = try await group.next() ?? .misuse
                            #expect(code == nil)
                        }
                    }
                }
                #expect(engine.statistics.waitTimeouts == 15)
                #expect(engine.isAtRest)
                try await engine.execute("SELECT 1")
            }
        }

        // Scenarios 50 and 51.
        @Test func `need not run out for those who wait when the engine ends or its connections are replaced`()
            async throws
        {
            let engine = try testEngine { $0.acquireTimeout = .seconds(30) }
            try await holding(engine) { release in
                let replaced = (0..<3).map { _ in Task { try await engine.withConnection { $0.epoch } } }
                try await eventually("three wait") { engine.statistics.waiting == 3 }
                // The one in use is closed when it comes back; who waits opens another.
                engine.invalidateAll()
                try await release()
                for waiter in replaced { #expect(try await waiter.value == 2) }
            }
            try await holding(engine) { release in
                let ended = (0..<3).map { _ in Task { await outcome { try await engine.execute("SELECT 1") } } }
                try await eventually("three wait") { engine.statistics.waiting == 3 }
                let took = try await time {
                    let ending = Task { await engine.dispose() }
                    for waiter in ended { #expect(await waiter.value == .poolClosed) }
                    try await release()
                    await ending.value
                }
                #expect(took < .seconds(2))
            }
        }

        // Scenario 49.
        @Test func `is kept for all when every borrower breaks its connection`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 2
                        $0.maxWaiters = 64
                    }
                ) { engine in
                    let served = Shared(0)
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<30 {
                            group.addTask {
                                try? await engine.withConnection { connection in
                                    served.change { $0 += 1 }
                                    try await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                                }
                            }
                        }
                    }
                    #expect(served.value == 30)
                    #expect(engine.statistics.open == 0)
                    #expect(engine.statistics.connects <= 30)
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 2)
                }
            }
        }

        // Scenarios 19 and 126.
        @Test func `is not spent by others on a connect that hangs`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 1
                        $0.maxOverflow = 1
                        $0.connectTimeout = .seconds(30)
                    }
                ) { engine in
                    try await holding(engine) { release in
                        proxy.mode = .deaf
                        let stuck = Task {
                            await outcome { try await engine.withConnection(acquireTimeout: .seconds(20)) { _ in } }
                        }
                        try await eventually("the second connect has begun") { proxy.counts.connections == 2 }
                        // What was accepted meanwhile stays deaf.
                        proxy.mode = .forward
                        let waiter = Task { try await engine.query("SELECT 1::int8").value(as: Int.self) }
                        try await eventually("one waits") { engine.statistics.waiting == 1 }
                        let took = try await time {
                            try await release()
                            let answer = try await waiter.value
                            #expect(answer == 1)
                        }
                        #expect(took < .seconds(1))
                        #expect(engine.statistics.connecting == 1)
                        stuck.cancel()
                        #expect(await stuck.value == .cancelled)
                    }
                }
            }
        }

        // Scenario 168.
        @Test func `of an invocation that is nearly over is kept, and the cause is told`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    proxy.refuse(with: "57P03")
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await within(.milliseconds(400)) { try await engine.query("SELECT 1") }
                        }
                        #expect(error.sqlState == .cannotConnectNow)
                        #expect(error.description.contains("not now, says the proxy"))
                    }
                    #expect(took < .milliseconds(300))
                    proxy.refuse(with: nil)
                    proxy.mode = .deaf
                    let silent = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await within(.milliseconds(400)) { try await engine.query("SELECT 1") }
                        }
                        #expect(error.code == .timedOut)
                        #expect(error.wait == .authentication)
                        #expect(error.lastConnectFailure?.sqlState == .cannotConnectNow)
                    }
                    #expect(silent >= .milliseconds(140))
                    #expect(silent < .milliseconds(300))
                }
            }
        }

        @Test func `that has passed costs a caller who only tries no connection, and is told as any other`()
            async throws
        {
            let log = EventLog()
            let change = { (configuration: inout EngineConfiguration) in
                configuration.pingBypass = .zero
                configuration.pingIdleAge = .zero
            }
            try await using(testEngine(change, log.hooks)) { engine in
                try await engine.execute("SELECT 1")
                let error = try await #require(throws: VernalError.self) {
                    try await engine.tryWithConnection(acquireTimeout: .zero) { _ in }
                }
                #expect(error.code == .timedOut)
                #expect(log.events(.acquireFailed).count == 1)
                #expect(engine.statistics.idle == 1)
                #expect(engine.statistics.connects == 1)
                try await engine.tryWithConnection { _ in }
                #expect(log.events(.acquired).count == 2)
                #expect(log.events(.released).count == 2)
            }
        }

        // Scenario 170.
        @Test func `that ends before the next connect is due ends the call at once`() async throws {
            try await withEngine({
                $0.connectBurst = 1
                $0.connectRate = 0.01
            }) { engine in
                try await engine.execute("SELECT 1")
                engine.invalidateAll()
                let took = try await time {
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withConnection(acquireTimeout: .seconds(2)) { _ in }
                    }
                    #expect(error.code == .throttled)
                    #expect(error.wait == .connectThrottle)
                    #expect(error.message.contains("connectRate"), "\(error)")
                }
                #expect(took < .seconds(1))
            }
        }
    }
}
