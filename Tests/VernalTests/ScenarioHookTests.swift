import EmbeddedPostgres
import Foundation
import Testing
import Vernal
import VernalTestKit

private enum Caller {
    @TaskLocal static var name = "nobody"
}

private struct NoPassword: Error {}

extension `On a real server` {
    @Suite struct `What a program adds to an engine` {
        // Scenario 57.
        @Test func `runs for the caller who needs the connection, whose task-local values it finds`() async throws {
            let seen = Shared<[String]>([])
            var hooks = EngineHooks()
            hooks.credentials = { _ in
                seen.change { $0.append("credentials for \(Caller.name)") }
                return Credentials(password: try #require(try testPassword()))
            }
            hooks.configure = { _ in seen.change { $0.append("configure for \(Caller.name)") } }
            try await using(testEngine({ _ in }, hooks)) { engine in
                try await Caller.$name.withValue("Ada") { _ = try await engine.execute("SELECT 1") }
                try await Caller.$name.withValue("Grace") { _ = try await engine.execute("SELECT 1") }
                #expect(seen.value == ["credentials for Ada", "configure for Ada"])
            }
        }

        // Scenario 125.
        @Test func `and fails is asked once for each caller, and not in a circle`() async throws {
            let asked = Shared(0)
            var hooks = EngineHooks()
            hooks.credentials = { _ in
                asked.change { $0 += 1 }
                throw NoPassword()
            }
            try await using(testEngine({ $0.acquireTimeout = .seconds(2) }, hooks)) { engine in
                for number in 1...3 {
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.execute("SELECT 1")
                        }
                        #expect(error.code == .hookFailed)
                    }
                    #expect(took < .seconds(1))
                    #expect(asked.value == number)
                }
                #expect(engine.isAtRest)
            }
        }
    }

    @Suite struct `An engine that is watched` {
        // Scenario 138.
        @Test func `tells of callers who get their connections slowly, and when that is over`() async throws {
            let log = EventLog()
            let change = { (configuration: inout EngineConfiguration) in
                configuration.alertThresholds.interval = .milliseconds(20)
                configuration.alertThresholds.acquireP95 = .milliseconds(30)
            }
            try await using(testEngine(change, log.hooks)) { engine in
                try await engine.execute("SELECT 1")
                try await holding(engine) { release in
                    let slow = Task { try await engine.execute("SELECT 1") }
                    try await eventually("one waits") { engine.statistics.waiting == 1 }
                    try await Task.sleep(for: .milliseconds(60))
                    try await release()
                    _ = try await slow.value
                }
                try await eventually("it is told") {
                    try await engine.execute("SELECT 1")
                    return log.events(.alertRaised).contains { $0.reason == "slowAcquire" }
                }
                try await eventually("its end is told") {
                    try await engine.execute("SELECT 1")
                    return log.events(.alertEnded).contains { $0.reason == "slowAcquire" }
                }
            }
        }
    }

    @Suite struct `With two servers` {
        // Scenario 132: the standby is not that of the primary, which makes no difference to a client.
        @Test(.timeLimit(.minutes(2)))
        func `an engine follows the primary to where it moves`() async throws {
            let first = try await EmbeddedPostgresServer.start()
            let second = try await EmbeddedPostgresServer.start()
            for server in [first, second] {
                try await using(Engine(configuration: EngineConfiguration(url: server.url))) { engine in
                    _ = try await engine.execute("ALTER ROLE CURRENT_USER PASSWORD 'the same'")
                }
            }
            try await second.stop()
            try Data().write(to: URL(filePath: second.dataDirectory).appending(path: "standby.signal"))
            try await second.start()

            var configuration = try EngineConfiguration(url: first.url)
            configuration.connectRate = 1000
            configuration.pingBypass = .zero
            configuration[connectionParameter: "password"] = "the same"
            configuration[connectionParameter: "host"] = "127.0.0.1,127.0.0.1"
            configuration[connectionParameter: "hostaddr"] = nil
            configuration[connectionParameter: "port"] = "\(first.port),\(second.port)"
            configuration[connectionParameter: "target_session_attrs"] = "primary"
            try await using(Engine(configuration: configuration)) { engine in
                let before = try await engine.query("SELECT inet_server_port()").value(as: Int.self)
                #expect(before == first.port)
                try await first.stop()
                let refused = try await #require(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(refused.isRetryable)

                var standby = configuration
                standby[connectionParameter: "target_session_attrs"] = "any"
                try await using(Engine(configuration: standby)) { admin in
                    _ = try await admin.query("SELECT pg_promote()")
                }
                let after = try await engine.query("SELECT inet_server_port()").value(as: Int.self)
                #expect(after == second.port)
                try await engine.execute("CREATE TEMP TABLE written (n int)")
            }
            try await first.remove()
            try await second.remove()
        }
    }
}

/// The password of the tests' server, from its URL.
private func testPassword() throws -> String? {
    try URLComponents(string: TestDatabase.url)?.password
}
