import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A connect that fails` {
        // Scenario 118.
        @Test func `once for want of a slot is tried again within the same call`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    proxy.when(
                        clientSends: "client_encoding",
                        .answerThenClose(ServerSays.error("53300", "sorry, too many clients already"))
                    )
                    let answer = try await engine.query("SELECT 1::int8").value(as: Int.self)
                    #expect(answer == 1)
                    #expect(engine.statistics.connects == 2)
                    #expect(engine.statistics.connectFailures == 1)
                    #expect(engine.isAtRest)
                }
            }
        }

        // Scenario 115.
        @Test func `for a while does not slow the first that succeeds`() async throws {
            try await FaultProxy.run(.closeAtOnce) { proxy in
                try await using(try proxy.engine()) { engine in
                    for _ in 0..<10 { _ = try? await engine.query("SELECT 1") }
                    #expect(engine.statistics.connectFailures == 10)
                    proxy.mode = .forward
                    let took = try await time { try await engine.execute("SELECT 1") }
                    #expect(took < .milliseconds(200))
                }
            }
        }

        // Scenario 117.
        @Test func `beside one that works does not keep the pool from growing later`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.poolSize = 2 }) { engine in
                    try await engine.withConnection { _ in
                        proxy.mode = .closeAtOnce
                        _ = try await #require(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                        #expect(engine.statistics.open == 1)
                        proxy.mode = .forward
                        try await engine.execute("SELECT 1")
                        #expect(engine.statistics.open == 2)
                    }
                }
            }
        }

        // Scenarios 4 and 122.
        @Test func `while the pool is warmed up is told, and the next warm-up makes up for it`() async throws {
            try await FaultProxy.run(.closeAtOnce) { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 3
                        $0.minConnections = 3
                    }
                ) { engine in
                    let error = try await #require(throws: VernalError.self) { try await engine.warmUp() }
                    #expect(error.code == .connectFailed)
                    #expect(engine.isAtRest)
                    proxy.mode = .forward
                    try await engine.warmUp()
                    #expect(engine.statistics.idle == 3)
                }
            }
        }

        // Scenario 123.
        @Test func `is not tried again when nobody waits for it`() async throws {
            try await FaultProxy.run(.closeAtOnce) { proxy in
                try await using(
                    try proxy.engine {
                        $0.minConnections = 1
                        $0.breakerThreshold = 1
                    }
                ) { engine in
                    _ = try? await engine.query("SELECT 1")
                    let before = proxy.counts.connections
                    proxy.mode = .forward
                    try await Task.sleep(for: .milliseconds(300))
                    #expect(proxy.counts.connections == before)
                    #expect(engine.statistics.open == 0)
                }
            }
        }

        // Scenarios 127 and 128.
        @Test func `twenty times for each that succeeds wears nothing out, and each is counted`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.poolSize = 3 }) { engine in
                    for round in 1...5 {
                        proxy.mode = .closeAtOnce
                        for _ in 0..<20 { _ = try? await engine.query("SELECT 1") }
                        #expect(engine.statistics.connectFailures == 20 * round)
                        proxy.mode = .forward
                        try await engine.execute("SELECT 1")
                        engine.invalidateAll()
                        #expect(engine.isAtRest)
                    }
                    #expect(engine.statistics.connects == 105)
                    #expect(try await engine.leasableConnections() == 3)
                }
            }
        }

        // Scenario 120.
        @Test func `or takes long is one of as few at a time as the throttle allows`() async throws {
            try await FaultProxy.run(.hold) { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 8
                        $0.connectBurst = 2
                        $0.connectRate = 0.1
                    }
                ) { engine in
                    let callers = (0..<8).map { _ in Task { try await engine.execute("SELECT 1") } }
                    try await eventually("six wait") { engine.statistics.waiting == 6 }
                    try await eventually("two connect") { proxy.counts.connections == 2 }
                    #expect(engine.statistics.connecting == 2)
                    proxy.mode = .forward
                    for caller in callers { _ = try await caller.value }
                    // The two served them all.
                    #expect(engine.statistics.connects == 2)
                    #expect(proxy.counts.connections == 2)
                }
            }
        }
    }
}
