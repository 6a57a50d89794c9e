import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `The age of a connection` {
        // Scenario 101.
        @Test func `that nobody used is its end, and the next caller gets a new one`() async throws {
            let admin = try testEngine()
            try await withEngine({ $0.idleTimeout = .milliseconds(80) }) { engine in
                let backend = try await engine.backend()
                #expect(try await engine.backend() == backend)
                try await Task.sleep(for: .milliseconds(120))
                #expect(try await engine.backend() != backend)
                #expect(engine.statistics.expiries == 1)
                #expect(engine.statistics.connects == 2)
                #expect(engine.statistics.losses == 0)
                try await eventually("the old one is gone") { try await !admin.sees(backend: backend) }
            }
            await admin.dispose()
        }

        // Scenario 102.
        @Test func `beyond its life is seen when it is to be lent`() async throws {
            try await withEngine({ $0.maxLifetime = .milliseconds(150) }) { engine in
                let backend = try await engine.backend()
                try await Task.sleep(for: .milliseconds(160))
                #expect(try await engine.backend() != backend)
                #expect(engine.statistics.expiries == 1)
            }
        }

        // Scenarios 34, 103 and 113.
        @Test func `does not matter while it is used, and is seen when it comes back`() async throws {
            try await withEngine({
                $0.maxLifetime = .milliseconds(60)
                $0.idleTimeout = .milliseconds(20)
            }) { engine in
                try await engine.withConnection { connection in
                    let backend = connection.backendPID
                    try await Task.sleep(for: .milliseconds(100))
                    let answer = try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
                    #expect(answer == backend)
                }
                #expect(engine.statistics.open == 0)
                #expect(engine.statistics.expiries == 1)
                #expect(engine.statistics.losses == 0)
            }
        }

        // Scenario 105.
        @Test func `may be without a limit, as other stacks write it`() throws {
            let configuration = try EngineConfiguration(url: "postgres://u@h/d?pool_recycle=-1")
            try configuration.validate()
            #expect(configuration.maxLifetime >= .seconds(365 * 86_400))
        }

        // Scenario 107.
        @Test func `that nobody used is no end for the minimum`() async throws {
            try await withEngine({
                $0.poolSize = 4
                $0.minConnections = 2
                $0.idleTimeout = .milliseconds(60)
            }) { engine in
                let lent = try await engine.leasableConnections()
                #expect(lent == 4)
                try await Task.sleep(for: .milliseconds(100))
                try await engine.execute("SELECT 1")
                #expect(engine.statistics.open == 2)
                #expect(engine.statistics.connects == 4)
            }
        }

        // Scenario 109.
        @Test func `is seen by one of many, and nobody meets a connection that is being closed`() async throws {
            try await withEngine({
                $0.poolSize = 2
                $0.maxWaiters = 64
                $0.maxLifetime = .milliseconds(5)
            }) { engine in
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 0..<16 {
                        group.addTask {
                            var sum = 0
                            for _ in 0..<15 {
                                sum += try await engine.query("SELECT \(task)").value(as: Int.self)
                                #expect(engine.statistics.open <= 2)
                            }
                            return sum
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 120 * 15)
                #expect(engine.statistics.expiries > 4)
                #expect(engine.statistics.losses == 0)
                #expect(engine.isAtRest)
            }
        }

        // Scenario 112.
        @Test func `does not keep a process from ending`() async {
            await #expect(processExitsWith: .success) {
                let engine = try testEngine {
                    $0.poolSize = 2
                    $0.minConnections = 2
                }
                try await engine.warmUp()
                try #require(engine.statistics.idle == 2)
                // Neither disposed of nor forgotten: it is there when the process ends.
                EngineOfTheProcess.shared.change { $0 = engine }
            }
        }
    }
}

private enum EngineOfTheProcess {
    static let shared = Shared<Engine?>(nil)
}
