import Testing
import Vernal
import VernalTestKit

/// Refusals with which a proxy says that it will go on refusing for a while.
@Suite(.serialized) struct `A proxy that refuses connects` {
    /// Refuses the first connect with a message and takes the next ones.
    private static func refusing(once sqlState: String, _ text: String, _ refusals: Shared<Int>) -> UpstreamScript {
        var script = UpstreamScript(backendPID: 77)
        script.refuses = { _ in
            refusals.change { $0 += 1 }
            return refusals.value == 1 ? ServerSays.error(sqlState, text) : nil
        }
        return script
    }

    @Test(arguments: [
        ("XX000", "Rate of connection to proxy exceeded 10."),
        ("XX000", "Couldn't connect to compute node"),
        ("08P01", "server login has been failing, try again later (server_login_retry)"),
        ("XX000", "all backend nodes are down, pgpool requires at least one valid node"),
        ("53400", "Unable to accept connection, rate exceeded."),
    ])
    func `for a while opens the circuit breaker at once, and nobody asks meanwhile`(
        sqlState: String,
        text: String
    ) async throws {
        let asked = Shared(0)
        try await ScriptedUpstream.run(Self.refusing(once: sqlState, text, asked)) { upstream in
            let log = EventLog()
            try await using(upstream.engine(hooks: log.hooks) { $0.poolSize = 4 }) { engine in
                // Waits for another try, or is told that there is none at the moment.
                let first = Task { try await engine.query("SELECT 1") }
                try await eventually("the breaker is open") { !log.events(.breakerOpened).isEmpty }
                #expect(log.events(.breakerOpened).first?.error?.serverMessage == text)
                for _ in 0..<8 {
                    let refused = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
                    #expect(refused?.code == .connectFailed)
                    #expect(refused?.statementWasSent == false)
                }
                #expect(asked.value == 1, "somebody asked while the breaker was open")
                _ = await first.result
                try await eventually("somebody may ask again") {
                    (try? await engine.query("SELECT 1")) != nil
                }
                #expect(asked.value == 2)
                #expect(log.events(.breakerOpened).count == 1)
                #expect(log.events(.breakerClosed).count == 1)
                #expect(log.events(.connectFailed).count == 1)
            }
        }
    }

    @Test(arguments: [
        ("53300", "sorry, too many clients already"), ("08P01", "no more connections allowed (max_client_conn)"),
        ("57P03", "the database system is starting up"),
    ])
    func `for want of room is asked again after a pause, without the breaker`(
        sqlState: String,
        text: String
    ) async throws {
        let asked = Shared(0)
        try await ScriptedUpstream.run(Self.refusing(once: sqlState, text, asked)) { upstream in
            let log = EventLog()
            try await using(upstream.engine(hooks: log.hooks)) { engine in
                try await expectAnswer(from: engine)
                #expect(asked.value == 2)
                #expect(log.events(.breakerOpened).isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("28P01", "password authentication failed for user \"x\""),
        ("XX000", "Control plane request failed: endpoint is disabled"),
        ("28000", "This RDS Proxy requires TLS connections."),
    ])
    func `for good is asked once`(sqlState: String, text: String) async throws {
        let asked = Shared(0)
        try await ScriptedUpstream.run(Self.refusing(once: sqlState, text, asked)) { upstream in
            try await using(upstream.engine()) { engine in
                let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
                #expect(failure?.isRetryable == false)
                #expect(asked.value == 1)
            }
        }
    }
}
