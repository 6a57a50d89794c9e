import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `An engine that ends` {
        // Scenario 136.
        @Test func `because nobody holds it any more closes its connections, those in use when they come back`()
            async throws
        {
            let admin = try testEngine()
            var engine: Engine? = try testEngine { $0.poolSize = 2 }
            weak let isThere = engine
            let idle = try await engine?.withConnection { connection in
                try await engine?.backend()
            }
            let isHeld = Gate()
            let letGo = Gate()
            let borrower = Task { [engine] in
                try await engine?.withConnection { connection in
                    isHeld.open()
                    await letGo.pass()
                    return try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
                }
            }
            await isHeld.pass()
            engine = nil
            letGo.open()
            let used = try #require(try await borrower.value)
            let other = try #require(idle ?? nil)
            try await eventually("it is gone") { isThere == nil }
            try await eventually("its backends are gone") {
                let (first, second) = (try await admin.sees(backend: used), try await admin.sees(backend: other))
                return !first && !second
            }
            await admin.dispose()
        }

        // Scenario 146.
        @Test func `while a caller pauses between two connects tells him, and waits for nothing`() async throws {
            try await FaultProxy.run { proxy in
                let engine = try proxy.engine()
                proxy.refuse(with: "53300")
                let caller = Task { try await engine.query("SELECT 1") }
                try await eventually("it was refused") { engine.statistics.connectFailures >= 2 }
                let took = await time { await engine.dispose(grace: .seconds(30)) }
                #expect(took < .seconds(4))
                let error = try await #require(throws: VernalError.self) { try await caller.value }
                #expect([.poolClosed, .connectFailed].contains(error.code))
                #expect(engine.statistics.open == 0)
                let failures = engine.statistics.connectFailures
                try await Task.sleep(for: .milliseconds(100))
                #expect(engine.statistics.connectFailures == failures)
            }
        }

        // Scenarios 147 and 148.
        @Test func `does not wait longer than it was told for a statement that goes on`() async throws {
            let engine = try testEngine()
            let worker = Task { try await engine.query("SELECT pg_sleep(1)") }
            try await eventually("it works") { engine.statistics.active == 1 }
            let took = await time { await engine.dispose(grace: .milliseconds(50)) }
            #expect(took < .milliseconds(900))
            _ = await worker.result
            #expect(engine.statistics.open == 0)
        }

        // Scenario 150.
        @Test func `or replaces its connections does not wait for a server that does not answer`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.poolSize = 4 }) { engine in
                    _ = try await backendsAtOnce(engine, 4)
                    proxy.mode = .drop
                    let took = time { engine.invalidateAll() }
                    #expect(took < .milliseconds(200))
                    #expect(engine.statistics.open == 0)
                    proxy.mode = .forward
                    let next = try await time { try await engine.execute("SELECT 1") }
                    #expect(next < .milliseconds(500))
                }
            }
        }
    }
}

/// How long something takes that does not wait.
private func time(_ body: () -> Void) -> Duration {
    ContinuousClock().measure(body)
}
