import EmbeddedPostgres
import Foundation
import Testing
import Vernal

/// `vernal advise` from outside: with a server, and without one.
@Suite(.serialized) struct `The adviser` {
    private struct Report: Decodable {
        struct Server: Decodable {
            let maxConnections: Int
            let reserved: Int
            let usedByOthers: Int?
            let available: Int
            let roleLimit: Int?
            let databaseLimit: Int?
        }
        struct ScaleOut: Decodable {
            let instances: Int
            let outcome: String
        }
        struct Pooler: Decodable {
            let verdict: String
        }
        let poolSize: Int
        let binding: String
        let server: Server
        let scaleOut: ScaleOut
        let pooler: Pooler
        let isSound: Bool
    }

    private func advise(_ arguments: String..., environment: [String: String?] = [:]) async throws -> Report {
        let outcome = try await vernal(["advise", "--json"] + arguments, environment: environment)
        #expect(outcome.status == 0, "\(outcome.error)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    @Test func `needs no server when it is told enough, even where DATABASE_URL leads nowhere`() async throws {
        let report = try await advise(
            "--max-connections",
            "100",
            "--reserved-concurrency",
            "40",
            "--services",
            "2",
            "--concurrency",
            "4",
            environment: ["DATABASE_URL": "postgres://u:p@127.0.0.1:1/none"]
        )
        #expect(report.poolSize == 1)
        #expect(report.binding == "services")
        #expect(report.server.usedByOthers == nil)
        #expect(report.scaleOut.instances == 80)
        #expect(report.scaleOut.outcome == "refused")
        #expect(report.pooler.verdict == "recommended")
    }

    @Test func `asks the server for limits and use, of role and database too`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(maxConnections: 50)) { server in
            let engine = Engine(configuration: try EngineConfiguration(url: server.url))
            try await engine.execute("CREATE ROLE app LOGIN PASSWORD 'secret' CONNECTION LIMIT 20")
            try await engine.execute("ALTER DATABASE vernal CONNECTION LIMIT 12")
            let url = "postgresql://app:secret@127.0.0.1:\(server.port)/vernal"
            let report = try await advise(url, "-n", "2", "--concurrency", "50")
            #expect(report.server.maxConnections == 50)
            #expect(report.server.reserved == 3)
            #expect(report.server.roleLimit == 20)
            #expect(report.server.databaseLimit == 12)
            #expect(try #require(report.server.usedByOthers) >= 1)
            #expect(report.binding == "database limit")
            #expect(report.poolSize == 6)
            let text = try await vernal("advise", url, "-n", "2")
            #expect(text.output.contains(#"ALTER ROLE "app" SET idle_session_timeout"#))
            #expect(!text.output.contains("CONNECTION LIMIT 20;"))
            #expect(!text.output.contains("secret"))
            // What is said wins over what is found.
            #expect(try await advise(url, "--max-connections", "10").server.maxConnections == 10)
            await engine.dispose()
        }
    }

    @Test func `takes the configuration of a function from the environment`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(maxConnections: 30)) { server in
            let variables: [String: String?] = [
                "PGHOST": "127.0.0.1", "PGPORT": "\(server.port)", "PGUSER": server.user,
                "PGPASSWORD": server.password, "PGDATABASE": server.database,
            ]
            #expect(try await advise("-n", "2", environment: variables).server.maxConnections == 30)
            let wrong = try await vernal(
                ["advise", "-n", "2"],
                environment: ["DATABASE_URL": server.url, "VERNAL_IDLE_TIMEOUT": "soon"]
            )
            #expect(wrong.status == 64)
            #expect(wrong.error.contains("VERNAL_IDLE_TIMEOUT"))
        }
    }

    @Test func `ends with 1 when it has to be strict and something ought to be changed`() async throws {
        let fitting = ["advise", "--max-connections", "100", "-n", "10", "--strict"]
        #expect(try await vernal(fitting).status == 0)
        #expect(try await vernal(fitting + ["--scale-to", "90"]).status == 1)
    }

    @Test func `says where it could not ask`() async throws {
        let nobody = try await vernal("advise", "postgres://u:secret@127.0.0.1:1/none", "-n", "3")
        #expect(nobody.status == 69)
        #expect(!nobody.error.contains("secret"))
    }
}
