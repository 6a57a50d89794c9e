import EmbeddedPostgres
import Foundation
import Subprocess
import Testing

/// The `vernal detect` tool from outside, with real servers and poolers.
@Suite(.serialized) struct DetectCommandTests {
    private struct Verdict: Decodable {
        let kind: String
        let mode: String
        let confidence: Double
        let evidence: [String]
        let rules: [String]
    }

    private func detect(_ url: String, _ arguments: String...) async throws -> Verdict {
        let outcome = try await command([vernal, "detect", url, "--json"] + arguments)
        #expect(outcome.status == .exited(0), "\(outcome.error)")
        return try JSONDecoder().decode(Verdict.self, from: Data(outcome.output.utf8))
    }

    @Test func `a server, PgBouncer and pgpool-II are told apart, and no password is shown`() async throws {
        try await withEmbeddedPostgres { server in
            let direct = try await detect(server.url, "--probe")
            #expect(direct.kind == "direct")
            #expect(direct.mode == "none")
            #expect(direct.confidence >= 0.9)
            #expect(!direct.rules.isEmpty && !direct.evidence.isEmpty)
            let look = try await detect(server.url)
            #expect(look.confidence == 0.5)

            try await withEmbeddedPooler(.pgbouncer(), for: PoolerTarget(server)) { pooler in
                let found = try await detect(pooler.url, "--probe")
                #expect(found.kind == "pgbouncer")
                #expect(found.confidence >= 0.9)
                #expect(["pgbouncer", "unknownPooler"].contains(try await detect(pooler.url).kind))
                let text = try await command(vernal, "detect", pooler.url, "--probe")
                #expect(text.output.contains("slots"))
                #expect(!text.output.contains(server.password))
                let console = try await command(vernal, "detect", pooler.url(database: "pgbouncer"))
                #expect(console.status == .exited(64))
                #expect(console.error.contains("admin console"))
            }
            try await withEmbeddedPooler(.pgpool(), for: PoolerTarget(server)) { pooler in
                let found = try await detect(pooler.url, "--probe")
                #expect(found.kind == "pgpool")
                #expect(found.mode == "session")
            }
        }
    }

    @Test func `the exit status says what went wrong, and the message no password`() async throws {
        try await withEmbeddedPostgres { server in
            let refused = try await command(
                vernal,
                "detect",
                "postgres://\(server.user):wrong-secret@\(server.host):\(server.port)/vernal"
            )
            #expect(refused.status == .exited(77))
            #expect(!refused.error.contains("wrong-secret"))
            try await server.stop()
            let unreachable = try await command(vernal, "detect", server.url, "--json")
            #expect(unreachable.status == .exited(69))
            #expect(!unreachable.error.contains(server.password))
        }
        #expect(try await command(vernal, "detect", "mysql://x").status == .exited(64))
        #expect(try await command(vernal, "detect", "--timeout", "-1", "postgres://x").status == .exited(64))
    }
}
