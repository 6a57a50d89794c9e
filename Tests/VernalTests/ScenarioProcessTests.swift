import EmbeddedPostgres
import Foundation
import InvocationLifecycle
import Testing
import Vernal
import VernalHost
import VernalTestKit

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Stops this process, as a platform does that freezes it, and has another one let it go on.
///
/// - Returns: how long it stood still, at least.
private func freeze(for seconds: Double) throws -> Duration {
    let alarm = Process()
    alarm.executableURL = URL(filePath: "/bin/sh")
    // More than once, in case that the first comes before the stop.
    alarm.arguments = ["-c", "for i in 1 2 3; do sleep \(seconds); kill -CONT \(getpid()); done"]
    let start = ContinuousClock.now
    try alarm.run()
    // Not `kill`: that may return in this thread before the others have been stopped.
    raise(SIGSTOP)
    let stoodStill = ContinuousClock.now - start
    alarm.terminate()
    alarm.waitUntilExit()
    return stoodStill
}

extension `On a real server` {
    @Suite struct `A process of a function` {
        // Scenario 164.
        @Test func `that was stopped for longer than a connection may be idle opens another`() async {
            await #expect(processExitsWith: .success) {
                let engine = try testEngine { $0.idleTimeout = .milliseconds(250) }
                let backend = try await engine.backend()
                try #require(try await engine.backend() == backend)
                try #require(try freeze(for: 0.4) >= .milliseconds(300))
                try #require(try await engine.backend() != backend)
                try #require(engine.statistics.expiries == 1)
                try #require(engine.statistics.losses == 0)
                try #require(engine.statistics.connects == 2)
            }
        }

        // Scenarios 164 and 165.
        @Test func `that was stopped while the server gave its connection up has no error of it`() async {
            await #expect(processExitsWith: .success) {
                let engine = try testEngine { $0[connectionParameter: "options"] = "-c idle_session_timeout=150" }
                let backend = try await engine.backend()
                try #require(try freeze(for: 0.7) >= .milliseconds(600))
                try #require(try await engine.backend() != backend)
                try #require(engine.statistics.losses == 1)
                try #require(engine.statistics.connects == 2)
            }
        }

        // Scenario 164.
        @Test func `that was stopped for longer than the server keeps sessions asks nobody and has no error of it`()
            async
        {
            await #expect(processExitsWith: .success) {
                let engine = try testEngine { $0.idleSessionTimeout = .seconds(1) }
                let backend = try await engine.backend()
                try #require(try await engine.backend() == backend)
                try #require(try freeze(for: 1.2) >= .milliseconds(1100))
                try #require(try await !engine.sees(backend: backend))
                try #require(engine.statistics.expiries == 1)
                try #require(engine.statistics.losses == 0)
                try #require(engine.statistics.connects == 2)
            }
        }

        // Scenario 11.
        @Test func `has one engine, however many tasks ask for it first`() async {
            await #expect(processExitsWith: .success) {
                let everybody = Gate()
                let found = await withTaskGroup(of: ObjectIdentifier.self) { group in
                    for _ in 0..<64 {
                        group.addTask {
                            await everybody.pass()
                            return ObjectIdentifier(getEngine())
                        }
                    }
                    everybody.open()
                    return await group.reduce(into: Set<ObjectIdentifier>()) { $0.insert($1) }
                }
                try #require(found.count == 1)
            }
        }

        // Scenario 177.
        @Test func `that is told to end cancels what runs, closes what is idle, and ends in time with status 0`()
            async throws
        {
            let admin = try testEngine()
            await #expect(processExitsWith: .success) {
                let engine = try testEngine {
                    $0.poolSize = 2
                    $0[connectionParameter: "application_name"] = "vernal_told_to_end"
                }
                // One that is idle, and below one that runs.
                _ = try await backendsAtOnce(engine, 2)
                let toldAt = Shared<ContinuousClock.Instant?>(nil)
                var options = HostOptions()
                options.host = "127.0.0.1"
                options.port = 0
                options.gracePeriod = .milliseconds(300)
                options.onListening = { address in
                    let client = Process()
                    client.executableURL = URL(filePath: "/bin/bash")
                    client.arguments = [
                        "-c",
                        "exec 3<>/dev/tcp/127.0.0.1/\(address.port); printf 'GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n' >&3; "
                            + "cat <&3",
                    ]
                    try? client.run()
                    Task {
                        try await eventually("the statement runs") { engine.statistics.active == 1 }
                        toldAt.change { $0 = .now }
                        kill(getpid(), SIGTERM)
                    }
                }
                try await FunctionHost.serve(options) { _, _ in
                    _ = try await engine.query("SELECT pg_sleep(30)")
                    return .text("late")
                }
                let took = ContinuousClock.now - (try #require(toldAt.value))
                try #require(took < .milliseconds(1500))
                try #require(engine.statistics.open == 0)
            }
            try await eventually("its backends are gone") {
                try await admin.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vernal_told_to_end'"
                ).value(as: Int.self) == 0
            }
            await admin.dispose()
        }

        // Scenario 171: as when a platform starts many at once after a deployment.
        @Test(.timeLimit(.minutes(2)))
        func `among many that start together and find too few slots is served in the end`() async throws {
            let server = try await EmbeddedPostgresServer.start(
                EmbeddedPostgresOptions(maxConnections: 5, settings: ["superuser_reserved_connections": "0"])
            )
            let start = Date.now.timeIntervalSince1970 + 2
            let url = server.url
            let took = await time {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            await #expect(processExitsWith: .success) {
                                [url = url as String, start = start as Double] in
                                try await startTogether(url, at: start)
                            }
                        }
                    }
                }
            }
            print("ten processes on five slots: all served \(took) after the first was started")
            #expect(took < .seconds(30))
            try await server.remove()
        }
    }
}

/// What each of many processes does.
private func startTogether(_ url: String, at start: Double) async throws {
    try await Task.sleep(for: .seconds(max(0, start - Date.now.timeIntervalSince1970)))
    var configuration = try EngineConfiguration(url: url)
    configuration.acquireTimeout = .seconds(20)
    let engine = Engine(configuration: configuration)
    for _ in 0..<3 {
        _ = try await engine.query("SELECT pg_sleep(0.1)")
        // A function that is done gives its slot back when slots are scarce.
        await engine.participant.willFreeze()
    }
    await engine.dispose()
}
