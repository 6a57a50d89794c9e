import Foundation
import InvocationLifecycle
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `The life of an engine` {
        // Scenario 140.
        @Test func `ends with its idle connections closed, and ending it twice does no harm`() async throws {
            try await withEngine { admin in
                let engine = try testEngine()
                let backend = try await engine.backend()
                await engine.dispose()
                await engine.dispose()
                #expect(engine.statistics.open == 0)
                try await eventually("the backend is gone") { try await !admin.sees(backend: backend) }
            }
        }

        // Scenario 142.
        @Test func `ends for good`() async throws {
            let engine = try testEngine()
            await engine.dispose()
            let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
            #expect(error.code == .poolClosed)
            #expect(!error.isRetryable)
            #expect(engine.statistics.connects == 0)
        }

        // Scenarios 141, 143 and 144.
        @Test func `ends by telling those who wait at once, and by waiting for those who work`() async throws {
            let engine = try testEngine()
            let isHeld = Gate()
            let letGo = Gate()
            let holder = Task {
                try await engine.withConnection { connection in
                    isHeld.open()
                    await letGo.pass()
                    return try await connection.query("SELECT 5::int8").value(as: Int.self)
                }
            }
            await isHeld.pass()
            let waiter = Task { try await engine.query("SELECT 1") }
            try await eventually("one waits") { engine.statistics.waiting == 1 }
            let isDisposed = Shared(false)
            let ending = Task {
                await engine.dispose(grace: .seconds(30))
                isDisposed.change { $0 = true }
            }
            let error = try await #require(throws: VernalError.self) { try await waiter.value }
            #expect(error.code == .poolClosed)
            #expect(!isDisposed.value)
            letGo.open()
            #expect(try await holder.value == 5)
            await ending.value
            #expect(engine.statistics.open == 0)
        }

        @Test func `ends in time even if a connection does not come back`() async throws {
            let engine = try testEngine()
            let isHeld = Gate()
            let letGo = Gate()
            let holder = Task {
                try await engine.withConnection { _ in
                    isHeld.open()
                    await letGo.pass()
                }
            }
            await isHeld.pass()
            let took = await time { await engine.dispose(grace: .milliseconds(50)) }
            #expect(took < .seconds(1))
            letGo.open()
            try await holder.value
            #expect(engine.statistics.open == 0)
        }

        // Scenario 145.
        @Test func `ends while a connect is made, whose connection is closed`() async throws {
            try await FaultProxy.run(.hold) { proxy in
                let engine = try proxy.engine()
                let caller = Task { try await engine.query("SELECT 1") }
                try await eventually("the connect has begun") { proxy.counts.connections == 1 }
                let ending = Task { await engine.dispose() }
                try await eventually("nothing is lent any more") {
                    do {
                        _ = try await engine.withConnection(acquireTimeout: .milliseconds(1)) { _ in }
                        return false
                    } catch {
                        return (error as? VernalError)?.code == .poolClosed
                    }
                }
                proxy.mode = .forward
                let error = try await #require(throws: VernalError.self) { try await caller.value }
                #expect(error.code == .poolClosed)
                await ending.value
                #expect(engine.statistics.open == 0)
                try await eventually("the connection is closed") { proxy.counts.open == 0 }
            }
        }

        @Test func `ends while a connect lies half-open, which is closed`() async throws {
            try await FaultProxy.run(.hold) { proxy in
                let engine = try proxy.engine()
                _ = try await #require(throws: VernalError.self) {
                    try await engine.withConnection(acquireTimeout: .milliseconds(20)) { _ in }
                }
                #expect(engine.statistics.connecting == 1)
                await engine.dispose()
                #expect(engine.statistics.open == 0)
                try await eventually("the connection is closed") { proxy.counts.open == 0 }
            }
        }

        @Test func `is one for each name, and one that exists is not configured again`() async throws {
            // In a process of its own, because the registry lasts as long as the process.
            await #expect(processExitsWith: .success) {
                var configuration = try EngineConfiguration(url: TestDatabase.url)
                configuration.poolSize = 2
                try configureEngine(configuration, name: "given")
                try #require(getEngine("given") === getEngine("given"))
                try #require(getEngine("given").configuration?.poolSize == 2)
                try #require(getEngine("given").name == "given")
                try #require(getEngine("given") !== getEngine())
                // The same again is no conflict.
                try configureEngine(configuration, name: "given")
                configuration.poolSize = 3
                let other = configuration
                let error = try #require(throws: VernalError.self) { try configureEngine(other, name: "given") }
                try #require(error.code == .configuration)
                try #require(error.description.contains("given"))
                try #require(try await getEngine().query("SELECT 1::int8").value(as: Int.self) == 1)
                _ = try #require(throws: VernalError.self) { try configureEngine(other) }
                configuration.poolSize = 0
                let wrong = configuration
                let refused = try #require(throws: VernalError.self) { try configureEngine(wrong, name: "third") }
                try #require(refused.description.contains("poolSize"))
                // A name without a URL can be asked for, and tells at its first use.
                let absent = getEngine("absent")
                let missing = try await #require(throws: VernalError.self) { try await absent.query("SELECT 1") }
                try #require(missing.code == .configuration)
                try #require(missing.description.contains("DATABASE_URL_ABSENT"))
                let participant = ParticipantRegistry.shared.participants
                try #require(participant.count == 3)
            }
        }
    }

    @Suite struct `The deadline of an invocation` {
        private func within<R>(_ limit: Duration, _ body: () async throws -> R) async throws -> R {
            try await InvocationDeadline.$bound.withValue(InvocationDeadline(.now + limit)) { try await body() }
        }

        @Test func `ends a statement in time, less the margin`() async throws {
            try await withEngine({ $0.invocationMargin = .milliseconds(200) }) { engine in
                let backend = try await engine.backend()
                let took = try await time {
                    let error = try await #require(throws: VernalError.self) {
                        try await within(.milliseconds(500)) { try await engine.query("SELECT pg_sleep(30)") }
                    }
                    #expect(error.code == .timedOut)
                    #expect(error.wait == .statement)
                }
                #expect(took >= .milliseconds(300))
                #expect(took < .milliseconds(600))
                #expect(try await engine.backend() == backend)
            }
        }

        @Test func `ends a statement in time even if the server cannot be reached to cancel it`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.invocationMargin = .milliseconds(250) }) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.mode = .drop
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await within(.milliseconds(500)) { try await engine.query("SELECT 1") }
                        }
                        #expect(error.code == .timedOut)
                    }
                    #expect(took < .milliseconds(550))
                    #expect(engine.statistics.open == 0)
                }
            }
        }

        @Test func `ends the wait for a connection in time, less the margin`() async throws {
            try await FaultProxy.run(.deaf) { proxy in
                try await using(try proxy.engine { $0.invocationMargin = .milliseconds(100) }) { engine in
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await within(.milliseconds(300)) { try await engine.query("SELECT 1") }
                        }
                        #expect(error.code == .timedOut)
                    }
                    #expect(took >= .milliseconds(200))
                    #expect(took < .milliseconds(350))
                }
            }
        }

        @Test func `that has passed lets nothing be sent`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    let error = try await #require(throws: VernalError.self) {
                        try await within(.milliseconds(-10)) { try await engine.query("SELECT 1") }
                    }
                    #expect(error.code == .timedOut)
                    #expect(!error.statementWasSent)
                    #expect(proxy.counts.roundTrips == before)
                    #expect(engine.statistics.idle == 1)
                }
            }
        }

        @Test func `does not reach what runs outside of the invocation`() async throws {
            try await withEngine { engine in
                _ = try? await within(.milliseconds(-10)) { try await engine.query("SELECT 1") }
                try await engine.execute("SELECT 1")
            }
        }
    }

    @Suite struct `The round trips` {
        @Test func `are one for a statement, and none to borrow and give back`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.pingBypass = .seconds(60) }) { engine in
                    // The second time it may be asked, once, what is in between.
                    for _ in 0..<2 { try await engine.execute("SELECT \(1)") }
                    let before = proxy.counts.roundTrips
                    for _ in 0..<20 { try await engine.withConnection { _ in } }
                    #expect(proxy.counts.roundTrips == before)
                    for _ in 0..<20 { try await engine.execute("SELECT \(1)") }
                    #expect(proxy.counts.roundTrips == before + 20)
                    #expect(proxy.counts.connections == 1)
                }
            }
        }

        @Test func `are none for the look, and one for the ping`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.pingBypass = .zero }) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    for _ in 0..<20 { try await engine.withConnection { _ in } }
                    #expect(proxy.counts.roundTrips == before)
                }
                try await using(
                    try proxy.engine {
                        $0.pingBypass = .zero; $0.pingIdleAge = .zero
                    }
                ) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    for _ in 0..<5 { try await engine.withConnection { _ in } }
                    #expect(proxy.counts.roundTrips == before + 5)
                }
            }
        }

        @Test func `are three for a transaction with one statement, and one for the rollback of what was left open`()
            async throws
        {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    _ = try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                    #expect(proxy.counts.roundTrips == before + 3)
                    _ = try await engine.withConnection { connection in try await connection.execute("BEGIN") }
                    #expect(proxy.counts.roundTrips == before + 5)
                }
            }
        }
    }

    @Suite struct `Many tasks` {
        @Test(arguments: [1, 8])
        func `share few connections for long`(size: Int) async throws {
            try await withEngine({
                $0.poolSize = size; $0.maxWaiters = 64; $0.acquireTimeout = .seconds(20)
            }) { engine in
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 0..<64 {
                        group.addTask {
                            var sum = 0
                            for round in 0..<25 {
                                sum += try await engine.query("SELECT \(task) * \(round)").value(as: Int.self)
                            }
                            return sum
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 2016 * 300)
                #expect(engine.statistics.acquires == 1600)
                #expect(engine.statistics.connects <= size)
                #expect(engine.statistics.losses == 0)
                #expect(engine.isAtRest)
            }
        }

        // The first in the queue is told when the next connect is due. If it leaves, the second has to be told.
        @Test func `that wait for the connect throttle are served though the first of them give up`() async throws {
            try await withEngine({
                $0.poolSize = 4
                $0.connectBurst = 1
                $0.connectRate = 20
                $0.acquireTimeout = .seconds(10)
            }) { engine in
                let gate = Gate()
                let first = Task { try await engine.withConnection { _ in await gate.pass() } }
                try await eventually("the first has its connection") { engine.statistics.active == 1 }
                let impatient = (0..<3).map { _ in Task { try await engine.withConnection { _ in } } }
                try await eventually("three wait") { engine.statistics.waiting == 3 || engine.statistics.open > 1 }
                let patient = (0..<3).map { _ in
                    Task { try await engine.query("SELECT 1::int8").value(as: Int.self) }
                }
                for task in impatient { task.cancel() }
                for task in impatient { _ = await task.result }
                for task in patient {
                    let answer = try await task.value
                    #expect(answer == 1)
                }
                gate.open()
                try await first.value
                #expect(engine.isAtRest)
            }
        }

        // Scenario 47: each waiter is woken, and tells of the failure or finds a connection.
        @Test func `that wait for connects that fail are none of them left behind`() async throws {
            try await FaultProxy.run(.closeAtOnce) { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 2; $0.maxWaiters = 64
                    }
                ) { engine in
                    let codes = await withTaskGroup(of: VernalError.Code?.self) { group in
                        for _ in 0..<32 {
                            group.addTask {
                                do {
                                    _ = try await engine.query("SELECT 1")
                                    return nil
                                } catch {
                                    return (error as? VernalError)?.code
                                }
                            }
                        }
                        return await group.reduce(into: [VernalError.Code?]()) { $0.append($1) }
                    }
                    #expect(codes.allSatisfy { $0 == .connectFailed || $0 == .throttled }, "\(codes)")
                    #expect(engine.isAtRest)
                    proxy.mode = .forward
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 2)
                }
            }
        }
    }
}
