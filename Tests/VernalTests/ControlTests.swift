import Testing
import Vernal
import VernalTestKit

/// What an operator does with a pool, and the modes that it can be in.
@Suite(.serialized) struct `A pool under control` {
    /// Scenario 29.
    @Test func `is asked without waiting`() async throws {
        try await withEngine { engine in
            let inner: Int? = try await engine.withConnection { _ in
                try await engine.tryWithConnection { connection in connection.epoch }
            }
            #expect(inner == nil)
            let outer = try await engine.tryWithConnection { connection in connection.epoch }
            #expect(outer == 1)
            #expect(engine.statistics.waits == 0)
        }
    }

    /// Scenario 151.
    @Test func `replaces all connections when it is told to`() async throws {
        try await withEngine({ $0.poolSize = 2 }) { engine in
            let before = try await engine.withConnection { connection in
                // One in use, one idle.
                let other = try await engine.query("SELECT pg_backend_pid()").value(as: Int.self)
                engine.invalidateAll()
                #expect(engine.statistics.idle == 0)
                return [other, connection.backendPID]
            }
            #expect(engine.statistics.open == 0)
            let after = try await engine.query("SELECT pg_backend_pid()").value(as: Int.self)
            #expect(!before.contains(after))
        }
    }

    /// Scenario 152.
    @Test func `changes its size, up and down`() async throws {
        try await withEngine { engine in
            try engine.resize(poolSize: 3)
            try await engine.withConnection { _ in
                try await engine.withConnection { _ in
                    try await engine.withConnection { _ in
                        #expect(engine.statistics.open == 3)
                        try engine.resize(poolSize: 1)
                    }
                }
            }
            #expect(engine.statistics.open == 1)
            #expect(engine.statistics.limit == 1)
            #expect(throws: VernalError.self) { try engine.resize(poolSize: 0) }
        }
    }

    /// Scenario 153.
    @Test func `lends nothing during a pause, and serves everybody afterwards`() async throws {
        try await withEngine({ $0.poolSize = 2 }) { engine in
            _ = try await engine.query("SELECT 1")
            engine.pause(for: .seconds(60))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<10 {
                    group.addTask { try await engine.query("SELECT \(number)").value(as: Int.self) }
                }
                try await eventually("ten wait") { engine.statistics.waiting == 10 }
                #expect(engine.statistics.active == 0)
                engine.resume()
                let sum = try await group.reduce(0, +)
                #expect(sum == 45)
            }
        }
    }

    @Test func `ends a pause by itself`() async throws {
        try await withEngine { engine in
            engine.pause(for: .milliseconds(50))
            let answer = try await engine.query("SELECT 1").value(as: Int.self)
            #expect(answer == 1)
        }
    }

    /// Scenarios 3 and 12.
    @Test func `opens its minimum when there is time for it`() async throws {
        try await withEngine({
            $0.poolSize = 3
            $0.minConnections = 2
        }) { engine in
            #expect(engine.statistics.open == 0)
            try await engine.warmUp()
            #expect(engine.statistics.idle == 2)
            _ = try await engine.query("SELECT 1")
            #expect(engine.statistics.connects == 2)
        }
    }

    /// Scenario 108.
    @Test func `replaces a connection that was lent often enough`() async throws {
        try await withEngine({ $0.maxUses = 3 }) { engine in
            var epochs: [Int] = []
            for _ in 0..<7 { epochs.append(try await engine.withConnection { $0.epoch }) }
            #expect(epochs == [1, 1, 1, 2, 2, 2, 3])
        }
    }

    @Test func `keeps nothing if it is told to, but hands over to who waits`() async throws {
        try await withEngine({ $0.keepsConnections = false }) { engine in
            _ = try await engine.query("SELECT 1")
            #expect(engine.statistics.open == 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try await engine.query("SELECT pg_sleep(0.001)") }
                }
                try await group.waitForAll()
            }
            #expect(engine.statistics.open == 0)
            #expect(engine.statistics.connects < 20)
        }
    }

    /// Scenario 73.
    @Test func `gives up all connections when the server ends one for a reason that is not its own`() async throws {
        try await withEngine({
            $0.poolSize = 3
            $0.pingBypass = .seconds(60)
        }) { engine in
            try await withEngine { operator_ in
                try await engine.withConnection { _ in
                    try await engine.withConnection { _ in _ = try await engine.query("SELECT 1") }
                }
                #expect(engine.statistics.idle == 3)
                await #expect(throws: VernalError.self) {
                    try await engine.withConnection { connection in
                        try await operator_.execute("SELECT pg_terminate_backend(\(Int32(connection.backendPID)))")
                        _ = try await connection.query("SELECT 1")
                    }
                }
                #expect(engine.statistics.open == 0)
            }
        }
    }

    /// Scenario 121.
    @Test func `stops trying for a while when nothing but failures comes back`() async throws {
        let port = try await DeadEnds.closedPort()
        var configuration = try EngineConfiguration(url: "postgres://nobody@127.0.0.1:\(port)/none")
        configuration.breakerThreshold = 2
        configuration.connectRate = 1000
        let engine = Engine(configuration: configuration)
        for _ in 0..<5 {
            let error = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
            #expect(error?.code == .connectFailed)
            #expect(error?.isRetryable == true)
        }
        #expect(engine.statistics.connects == 2)
        let last = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
        #expect(last?.description.contains("refused") == true, "the last reason is told: \(String(describing: last))")
        await engine.dispose()
    }
}
