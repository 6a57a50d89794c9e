import EmbeddedPostgres
import InvocationLifecycle
import Testing
import Vernal
import VernalTestKit

/// What needs a server that can be stopped, filled up, or asked for TLS.
@Suite struct `With a server of its own, an engine` {
    private func engine(_ url: String, _ change: (inout EngineConfiguration) -> Void = { _ in }) throws -> Engine {
        var configuration = try EngineConfiguration(url: url)
        configuration.connectRate = 1000
        change(&configuration)
        return Engine(configuration: configuration)
    }

    /// Scenario 70.
    @Test func `outlives a restart between two uses`() async throws {
        let server = try await EmbeddedPostgresServer.start()
        let engine = try engine(server.url) { $0.pingBypass = .zero }
        #expect(try await engine.query("SELECT 1").value(as: Int.self) == 1)
        try await server.restart()
        #expect(try await engine.query("SELECT 2").value(as: Int.self) == 2)
        #expect(engine.statistics.losses == 1)
        #expect(engine.statistics.connects == 2)
        await engine.dispose()
        try await server.remove()
    }

    /// Scenarios 70 and 71: within the bypass window the loss shows at the statement, and the next one is fine.
    @Test func `says that the server ended the connection, and recovers`() async throws {
        let server = try await EmbeddedPostgresServer.start()
        let engine = try engine(server.url) { $0.pingBypass = .seconds(60) }
        _ = try await engine.query("SELECT 1")
        try await server.stop()
        let lost = await #expect(throws: VernalError.self) { try await engine.query("SELECT 2") }
        #expect(lost?.code == .connectionLost)
        let refused = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
        #expect(refused?.code == .connectFailed)
        #expect(refused?.isRetryable == true)
        try await server.start()
        #expect(try await engine.query("SELECT 3").value(as: Int.self) == 3)
        await engine.dispose()
        try await server.remove()
    }

    @Test func `connects with TLS and checks the certificate`() async throws {
        let server = try await EmbeddedPostgresServer.start(EmbeddedPostgresOptions(tls: true))
        let verified = try engine(server.url)
        #expect(verified.configuration?[connectionParameter: "sslmode"] == "verify-full")
        try await verified.withConnection { connection in
            let isEncrypted = connection.isEncrypted
            #expect(isEncrypted)
            let answer = try await connection.query("SELECT 1").value(as: Int.self)
            #expect(answer == 1)
        }
        await verified.dispose()

        let untrusting = try engine(server.url) { $0[connectionParameter: "sslrootcert"] = "/nonexistent/ca.pem" }
        let noRoot = await #expect(throws: VernalError.self) { try await untrusting.query("SELECT 1") }
        #expect(noRoot?.code == .connectFailed || noRoot?.code == .configuration)
        #expect(noRoot?.description.contains("/nonexistent/ca.pem") == true)

        let misnamed = try engine(server.url) {
            $0[connectionParameter: "hostaddr"] = "127.0.0.1"
            $0[connectionParameter: "host"] = "somebody-else.example"
        }
        let wrongName = await #expect(throws: VernalError.self) { try await misnamed.query("SELECT 1") }
        #expect(wrongName?.description.contains("does not match") == true)
        try await server.remove()
    }

    @Test func `says so when the server has no slot left`() async throws {
        let server = try await EmbeddedPostgresServer.start(
            EmbeddedPostgresOptions(maxConnections: 4, settings: ["superuser_reserved_connections": "0"])
        )
        var holders: [Engine] = []
        for _ in 0..<4 {
            let holder = try engine(server.url)
            _ = try await holder.query("SELECT 1")
            holders.append(holder)
        }
        let late = try engine(server.url) { $0.acquireTimeout = .milliseconds(300) }
        let error = await #expect(throws: VernalError.self) { try await late.query("SELECT 1") }
        #expect(error?.sqlState == .tooManyConnections)
        #expect(error?.code == .connectFailed)
        #expect(error?.isRetryable == true)
        for holder in holders { await holder.dispose() }
        // The server needs a moment to notice that the others are gone.
        var answer: Int?
        for _ in 0..<100 where answer == nil {
            answer = try? await late.query("SELECT 5").value(as: Int.self)
            if answer == nil { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(answer == 5)
        await late.dispose()
        try await server.remove()
    }

    @Test func `is patient with a server that has no slot left for a moment`() async throws {
        let server = try await EmbeddedPostgresServer.start(
            EmbeddedPostgresOptions(maxConnections: 4, settings: ["superuser_reserved_connections": "0"])
        )
        var holders: [Engine] = []
        for _ in 0..<4 {
            let holder = try engine(server.url)
            _ = try await holder.query("SELECT 1")
            holders.append(holder)
        }
        let late = try engine(server.url)
        async let answer = late.query("SELECT 5").value(as: Int.self)
        while late.statistics.connectFailures == 0 { await Task.yield() }
        for holder in holders { await holder.dispose() }
        #expect(try await answer == 5)
        #expect(late.statistics.connectFailures > 0)
        await late.dispose()
        try await server.remove()
    }

    @Test func `keeps its connection while slots are plenty, and gives it back while they are scarce`() async throws {
        let server = try await EmbeddedPostgresServer.start(
            EmbeddedPostgresOptions(maxConnections: 16, settings: ["superuser_reserved_connections": "0"])
        )
        var engines: [Engine] = []
        for _ in 0..<5 {
            let engine = try engine(server.url)
            _ = try await engine.query("SELECT 1")
            if engines.isEmpty {
                await engine.participant.willFreeze()
                #expect(engine.statistics.idle == 1)
            }
            engines.append(engine)
        }
        await engines[4].participant.willFreeze()
        #expect(engines[4].statistics.open == 0)
        // Four of sixteen leave as many as they have to, once the server has noticed.
        try await eventually("a slot is free") {
            try await engines[0].query(
                "SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL"
            ).value(as: Int.self) == 4
        }
        await engines[3].participant.willFreeze()
        #expect(engines[3].statistics.idle == 1)
        // And whoever gave its connection back gets one again.
        #expect(try await engines[4].query("SELECT 6").value(as: Int.self) == 6)
        for engine in engines { await engine.dispose() }
        try await server.remove()
    }

    @Test func `gives idle connections back when it is told to`() async throws {
        let server = try await EmbeddedPostgresServer.start()
        let engine = try engine(server.url) { $0.retention = .release }
        _ = try await engine.query("SELECT 1")
        #expect(engine.statistics.idle == 1)
        await engine.participant.willFreeze()
        #expect(engine.statistics.open == 0)
        await engine.dispose()
        try await server.remove()
    }
}
