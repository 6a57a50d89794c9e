import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `Waiting for a connection` {
        // Scenario 35.
        @Test(arguments: [Duration.milliseconds(60), .milliseconds(350)])
        func `an acquire runs out of time near its limit`(limit: Duration) async throws {
            try await withEngine { engine in
                try await holding(engine) { _ in
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.withConnection(acquireTimeout: limit) { _ in }
                        }
                        #expect(error.code == .poolExhausted)
                        #expect(error.wait == .poolQueue)
                        #expect(error.poolCounts?.leased == 1)
                        #expect(error.description.contains("1 of 1 connections: 1 leased"))
                    }
                    #expect(took >= limit)
                    #expect(took < limit + .milliseconds(250))
                }
                #expect(engine.statistics.waitTimeouts == 1)
            }
        }

        // Scenario 37.
        @Test func `those who wait are served in the order in which they came`() async throws {
            try await withEngine { engine in
                let order = Shared<[Int]>([])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await holding(engine) { release in
                        for number in 0..<16 {
                            group.addTask {
                                try await engine.withConnection { connection in
                                    try await connection.execute("SELECT 1")
                                    order.change { $0.append(number) }
                                }
                            }
                            try await eventually("\(number + 1) wait") { engine.statistics.waiting == number + 1 }
                        }
                        try await release()
                    }
                    try await group.waitForAll()
                }
                #expect(order.value == Array(0..<16))
            }
        }

        // Scenario 38.
        @Test func `one waiter too many is refused at once`() async throws {
            try await withEngine({ $0.maxWaiters = 2 }) { engine in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await holding(engine) { release in
                        for _ in 0..<2 { group.addTask { _ = try await engine.query("SELECT 1") } }
                        try await eventually("two wait") { engine.statistics.waiting == 2 }
                        let took = try await time {
                            let error = try await #require(throws: VernalError.self) {
                                try await engine.query("SELECT 1")
                            }
                            #expect(error.code == .tooManyWaiters)
                            // Who has the connections is who has to let go of them.
                            #expect(error.message.contains("held by VernalTests/"), "\(error)")
                            #expect(error.poolCounts?.waiting == 2)
                        }
                        #expect(took < .seconds(1))
                        try await release()
                    }
                    try await group.waitForAll()
                }
                #expect(engine.statistics.rejections == 1)
            }
        }

        // Scenario 39.
        @Test func `a waiter that ran out of time does not swallow the connection that comes back later`() async throws
        {
            try await withEngine { engine in
                try await holding(engine) { release in
                    _ = try await #require(throws: VernalError.self) {
                        try await engine.withConnection(acquireTimeout: .milliseconds(20)) { _ in }
                    }
                    try await release()
                }
                #expect(engine.statistics.idle == 1)
                #expect(try await engine.leasableConnections() == 1)
                #expect(engine.statistics.connects == 1)
            }
        }

        // Scenario 45.
        @Test func `a time-out says why the last connect failed`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 2; $0.maxOverflow = 0; $0.acquireRetry = .never
                    }
                ) { engine in
                    try await engine.withConnection { _ in
                        proxy.when(
                            clientSends: "client_encoding",
                            .answerThenClose(ServerSays.error("57P01", "terminating connection"))
                        )
                        let refused = try await #require(throws: VernalError.self) {
                            try await engine.query("SELECT 1")
                        }
                        #expect(refused.sqlState == .adminShutdown)
                        proxy.mode = .deaf
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.withConnection(acquireTimeout: .milliseconds(50)) { _ in }
                        }
                        #expect(error.code == .timedOut)
                        #expect(error.wait == .authentication)
                        #expect(error.lastConnectFailure?.sqlState == .adminShutdown)
                        #expect(error.description.contains("terminating connection (SQLSTATE 57P01)"))
                        #expect(error.description.contains("2 of 2 connections: 1 leased"))
                    }
                }
            }
        }

        // Scenario 46.
        @Test func `a connection that comes back serves a waiter even while no new one can be opened`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        try await holding(engine) { release in
                            proxy.mode = .forward
                            group.addTask { try await engine.query("SELECT 7::int8").value(as: Int.self) }
                            try await eventually("one waits") { engine.statistics.waiting == 1 }
                            try await release()
                        }
                        #expect(try await group.next() == 7)
                    }
                    #expect(engine.statistics.connects == 1)
                }
            }
        }

        @Test func `time limits that make no sense are no crash`() async throws {
            try await withEngine { engine in
                for limit in [
                    Duration.seconds(Int64.max), .seconds(Int64.max / 2), .nanoseconds(1), .zero, .seconds(-5),
                ] {
                    do {
                        _ = try await engine.withConnection(acquireTimeout: limit) { connection in
                            try await connection.execute("SELECT 1", timeout: limit)
                        }
                        #expect(limit > .zero)
                    } catch let error as VernalError {
                        #expect(error.code == .timedOut)
                    }
                }
                for _ in 0..<2 {
                    try await holding(engine) { release in
                        let waiter = Task {
                            try await engine.withConnection(acquireTimeout: .seconds(Int64.max)) { _ in }
                        }
                        try await eventually("one waits") { engine.statistics.waiting == 1 }
                        try await release()
                        try await waiter.value
                    }
                }
                #expect(engine.isAtRest)
            }
        }

        // Scenario 54.
        @Test func `cancelling a waiter takes it out of the queue`() async throws {
            try await withEngine { engine in
                try await holding(engine) { _ in
                    let waiter = Task { try await engine.query("SELECT 1") }
                    try await eventually("one waits") { engine.statistics.waiting == 1 }
                    waiter.cancel()
                    let error = try await #require(throws: VernalError.self) { try await waiter.value }
                    #expect(error.code == .cancelled)
                    #expect(engine.statistics.waiting == 0)
                    #expect(engine.statistics.waitCancellations == 1)
                }
                #expect(try await engine.leasableConnections() == 1)
            }
        }

        // Scenario 55. The hand-over and the cancellation are started as close together as can be, in both orders.
        @Test func `a cancellation that races with the hand-over loses no connection`() async throws {
            try await withEngine { engine in
                for round in 0..<200 {
                    try await holding(engine) { release in
                        let waiter = Task { try await engine.query("SELECT 1") }
                        try await eventually("one waits") { engine.statistics.waiting == 1 }
                        if round.isMultiple(of: 2) {
                            waiter.cancel()
                            try await release()
                        } else {
                            async let released: Void = release()
                            waiter.cancel()
                            try await released
                        }
                        if case .failure(let error as VernalError) = await waiter.result {
                            #expect(error.code == .cancelled)
                        }
                    }
                    #expect(engine.isAtRest)
                }
                #expect(try await engine.leasableConnections() == 1)
            }
        }

        // Scenario 56.
        @Test func `a connect whose caller was cancelled is gone on with by the next caller`() async throws {
            try await FaultProxy.run(.hold) { proxy in
                try await using(try proxy.engine()) { engine in
                    let caller = Task { try await engine.query("SELECT 1") }
                    try await eventually("the client was accepted") { proxy.counts.connections == 1 }
                    caller.cancel()
                    let error = try await #require(throws: VernalError.self) { try await caller.value }
                    #expect(error.code == .cancelled)
                    #expect(engine.statistics.connecting == 1)
                    #expect(engine.statistics.active == 0)

                    proxy.mode = .forward
                    #expect(try await engine.query("SELECT 2::int8").value(as: Int.self) == 2)
                    #expect(proxy.counts.connections == 1)
                    #expect(engine.statistics.connects == 1)
                    #expect(engine.isAtRest)
                }
            }
        }

        /// What happens to a half-open connection that nobody drives.
        enum Neglect: CaseIterable, Sendable {
            case closed, reset, leftForTooLong, runningOutOfTimeNow
        }

        @Test(arguments: Neglect.allCases)
        func `a connect that was left and has died meanwhile costs the next caller no error`(
            neglect: Neglect
        ) async throws {
            try await FaultProxy.run(.deaf) { proxy in
                // Five of them are the patience with a connect that was left.
                try await using(try proxy.engine { $0.connectTimeout = .milliseconds(120) }) { engine in
                    _ = try await #require(throws: VernalError.self) {
                        try await engine.withConnection(acquireTimeout: .milliseconds(20)) { _ in }
                    }
                    #expect(engine.statistics.connecting == 1)
                    switch neglect {
                    case .closed: await proxy.closeAll()
                    case .reset: await proxy.resetAll()
                    case .leftForTooLong: try await Task.sleep(for: .milliseconds(620))
                    case .runningOutOfTimeNow: break
                    }
                    proxy.mode = .forward
                    try await engine.execute("SELECT 1")
                    #expect(engine.isAtRest)
                    #expect(engine.statistics.connectFailures == 0)
                    #expect(proxy.counts.connections == 2)
                }
            }
        }
    }
}
