import EmbeddedPostgres
import Foundation
import Subprocess
import Testing
import Vernal

/// `vernal doctor` from outside, with real servers in all the states in which people meet them.
@Suite(.serialized) struct `The doctor` {
    private struct Report: Decodable {
        struct Step: Decodable {
            let name: String
            let ms: Double
        }
        struct Failure: Decodable {
            let step: String?
            let message: String
            let sqlState: String?
        }
        struct TLS: Decodable {
            struct Certificate: Decodable {
                let subject: String
                let notAfter: Int
            }
            let version: String?
            let certificate: Certificate?
        }
        struct Upstream: Decodable {
            let kind: String
        }
        struct Server: Decodable {
            let maxConnections: Int
            let reserved: Int
            let used: Int
            let role: String
            let roleUsed: Int
            let roleLimit: Int?
            let isSuperuser: Bool
        }
        struct Finding: Decodable {
            let level: String
            let what: String
            let change: String?
        }
        let verdict: String
        let exitStatus: Int32
        let steps: [Step]
        let failure: Failure?
        let tls: TLS?
        let certificateCheck: String?
        let verification: String
        let channelBinding: String
        let upstream: Upstream?
        let clockDifferenceMs: Double?
        let server: Server?
        let findings: [Finding]
    }

    private static let secret = "s3cr3t-Zq7"

    /// The report, and that text and JSON end in the same way and show no password.
    private func doctor(_ url: String, hiding password: String, _ more: String...) async throws -> Report {
        let json = try await vernal(["doctor", url, "--json"] + more)
        let text = try await vernal(["doctor", url] + more)
        #expect(json.status == text.status)
        for said in [json.output, json.error, text.output, text.error] { #expect(!said.contains(password)) }
        #expect(!text.output.isEmpty)
        let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
        #expect(json.status == report.exitStatus)
        return report
    }

    private func parts(_ server: EmbeddedPostgresServer, _ password: String, _ options: String) -> String {
        "host=localhost port=\(server.port) dbname=\(server.database) user=\(server.user) password=\(password) \(options)"
    }

    @Test func `goes the whole way to a server without TLS, also for a role without rights`() async throws {
        try await withEmbeddedPostgres { server in
            let report = try await doctor(server.url, hiding: server.password)
            #expect(report.exitStatus == 0)
            #expect(report.steps.map(\.name) == ["DNS", "TCP", "authentication", "first query"])
            #expect(report.tls == nil)
            #expect(report.upstream?.kind == "direct")
            #expect(abs(try #require(report.clockDifferenceMs)) < 2000)
            let found = try #require(report.server)
            #expect(found.maxConnections == 100 && found.reserved == 3 && found.isSuperuser)
            #expect(report.findings.contains { $0.what.contains("superuser") })
            #expect(report.findings.contains { $0.change?.contains("idle_session_timeout") == true })
            #expect(try await vernal("doctor", server.url, "--strict").status == 1)

            let engine = Engine(configuration: try EngineConfiguration(url: server.url))
            try await engine.execute(
                SQLQuery(unsafeRaw: "CREATE ROLE \"the app\" LOGIN PASSWORD '\(Self.secret)' CONNECTION LIMIT 7")
            )
            let url = "postgresql://the%20app:\(Self.secret)@127.0.0.1:\(server.port)/\(server.database)"
            let app = try #require(try await doctor(url, hiding: Self.secret).server)
            #expect(app.role == "the app" && app.roleLimit == 7 && !app.isSuperuser)
            // The engine's connection is another role's, and has to be counted all the same.
            #expect(app.used >= 2 && app.roleUsed == 1)
            await engine.dispose()
        }
    }

    @Test func `goes over a socket in the file system, where there is no TLS and no name`() async throws {
        try await withEmbeddedPostgres { server in
            let report = try await doctor(server.socketURL, hiding: server.password)
            #expect(report.steps.map(\.name) == ["TCP", "authentication", "first query"])
            #expect(!report.findings.contains { $0.what.contains("encrypted") })
        }
    }

    @Test func `looks at TLS, at the certificate, and at what stricter settings would do`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(tls: true)) { server in
            let strict = try await doctor(server.url, hiding: server.password)
            #expect(strict.exitStatus == 0)
            #expect(strict.steps.map(\.name) == ["DNS", "TCP", "TLS", "authentication", "first query"])
            #expect(strict.tls?.version?.hasPrefix("TLSv1.") == true)
            let certificate = try #require(strict.tls?.certificate)
            #expect(certificate.subject.contains("CN"))
            #expect(Double(certificate.notAfter) > Date().timeIntervalSince1970)
            #expect(strict.verification == "isSet" && strict.certificateCheck == "full")
            #expect(strict.channelBinding == "passes")

            let authority = try #require(server.caCertificatePath)
            // With the authority's certificate, `require` looks at as much as `verify-ca`.
            for mode in ["require", "verify-ca"] {
                let lax = try await doctor(
                    parts(server, server.password, "sslmode=\(mode) sslrootcert=\(authority)"),
                    hiding: server.password
                )
                #expect(lax.verification == "passes" && lax.certificateCheck == "chain", "\(mode)")
                let finding = try #require(lax.findings.first { $0.what.contains("certificate") }, "\(mode)")
                #expect(finding.what.contains("the chain is checked, the name is not (sslmode=\(mode))"))
                #expect(finding.change?.contains("sslmode=verify-full") == true)
            }

            let gentle = try await doctor(
                parts(server, server.password, "sslmode=require sslrootcert=/no/such/file"),
                hiding: server.password,
                "--gentle"
            )
            #expect(gentle.verification == "notTried" && gentle.channelBinding == "notTried")
            #expect(gentle.certificateCheck == "none")

            let wrongName = "host=db.example.org hostaddr=127.0.0.1 port=\(server.port) dbname=vernal user=vernal "
            let otherName = try await doctor(
                wrongName + "password=\(server.password) sslmode=verify-ca sslrootcert=\(authority)",
                hiding: server.password
            )
            #expect(otherName.exitStatus == 0)
            #expect(otherName.verification == "fails" && otherName.certificateCheck == "chain")
            #expect(otherName.findings.contains { $0.change?.contains("a name that is in the certificate") == true })

            let refused = try await doctor(
                wrongName + "password=\(Self.secret) sslmode=verify-full sslrootcert=\(authority)",
                hiding: Self.secret
            )
            #expect(refused.exitStatus == 76)
            #expect(refused.failure?.step == "TLS")
            #expect(refused.steps.map(\.name) == ["DNS", "TCP"])
            #expect(refused.failure?.message.contains("db.example.org") == true)
        }
    }

    @Test func `names the step that fails, with a status of its own`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(maxConnections: 5)) { server in
            let login = try await doctor(parts(server, Self.secret, ""), hiding: Self.secret)
            #expect(login.exitStatus == 77)
            #expect(login.failure?.step == "authentication")
            #expect(login.failure?.sqlState == "28P01")

            let noTLS = try await doctor(parts(server, Self.secret, "sslmode=require"), hiding: Self.secret)
            #expect(noTLS.exitStatus == 76)
            #expect(noTLS.failure?.step == "TLS")

            let noDatabase = try await doctor(
                parts(server, server.password, "").replacing("dbname=vernal", with: "dbname=none"),
                hiding: server.password
            )
            #expect(noDatabase.exitStatus == 77)
            #expect(noDatabase.failure?.sqlState == "3D000")

            var configuration = try EngineConfiguration(url: server.url)
            configuration.poolSize = 5
            let engine = Engine(configuration: configuration)
            let full = try await holding(5, of: engine) {
                try await doctor(server.url, hiding: server.password)
            }
            #expect(full.exitStatus == 75)
            #expect(full.failure?.sqlState == "53300")
            await engine.dispose()

            try await server.stop()
            let dead = try await doctor(server.url, hiding: server.password)
            #expect(dead.exitStatus == 69)
            #expect(dead.failure?.step == "TCP")
            #expect(dead.steps.map(\.name) == ["DNS"])
        }
        let unknown = try await doctor("postgres://u:\(Self.secret)@no-such-host.invalid/d", hiding: Self.secret)
        #expect(unknown.exitStatus == 68)
        #expect(unknown.failure?.step == "DNS")
        #expect(unknown.steps.isEmpty)
    }

    /// Runs `body` while so many connections are in use.
    private func holding<R: Sendable>(
        _ count: Int,
        of engine: Engine,
        _ body: @Sendable () async throws -> R
    ) async throws -> R {
        if count == 0 { return try await body() }
        return try await engine.withConnection { _ in try await holding(count - 1, of: engine, body) }
    }

    @Test func `asks a pooler for its limits`() async throws {
        try await withEmbeddedPostgres { server in
            try await withEmbeddedPooler(.pgbouncer(), for: PoolerTarget(server)) { pooler in
                let report = try await doctor(pooler.url, hiding: server.password)
                #expect(report.upstream?.kind == "pgbouncer")
                #expect(!report.findings.contains { $0.what.contains("idle_session_timeout") })
                let text = try await vernal("doctor", pooler.url)
                #expect(text.output.contains("the pooler takes 200 clients"))
                let advice = try await vernal("advise", pooler.url, "-n", "150", "--json")
                #expect(advice.output.contains(#""name":"pooler clients""#))
                #expect(advice.output.contains(#""total":160"#))
            }
        }
    }

    @Test func `says when a pool is larger than the pooler's, and whether the pooler keeps prepared statements`()
        async throws
    {
        let newer = ProcessInfo.processInfo.environment["VERNAL_PGBOUNCER_NEW"].flatMap { $0.isEmpty ? nil : $0 }
        try await withEmbeddedPostgres { server in
            for command in [nil] + (newer.map { [$0] } ?? []) {
                var options = PoolerOptions.pgbouncer(poolSize: 3)
                options.command = command
                try await withEmbeddedPooler(options, for: PoolerTarget(server)) { pooler in
                    let report = try await doctor("\(pooler.url)?pool_size=4", hiding: server.password)
                    #expect(report.findings.contains { $0.what.contains("the pooler has 3 to the server") })
                    let small = try await doctor("\(pooler.url)?pool_size=3", hiding: server.password)
                    #expect(!small.findings.contains { $0.what.contains("to the server") })
                    // Before 1.21 PgBouncer knows nothing of them, and from 1.24 on it keeps 200 unless it is told otherwise.
                    let keeps = try await keepsStatements(command)
                    #expect(small.findings.contains { $0.what.contains("max_prepared_statements is 200") } == keeps)
                    let variables = ["DATABASE_URL": pooler.url, "VERNAL_UPSTREAM": "pgbouncer:prepared"]
                    let told = try await vernal(["doctor"], environment: variables)
                    #expect(told.output.contains("keeps no prepared statements") == !keeps)
                    #expect(!told.output.contains("max_prepared_statements is 200"))
                }
            }
        }
    }

    /// Whether this PgBouncer, or the installed one, keeps prepared statements when its configuration says nothing of them.
    private func keepsStatements(_ command: String?) async throws -> Bool {
        let said = try await Subprocess.run(
            .name("sh"),
            // Debian keeps it where only root's PATH looks.
            arguments: [
                "-c", #"PATH=$PATH:/usr/sbin:/usr/local/bin; exec "$1" --version"#, "sh", command ?? "pgbouncer",
            ],
            output: .string(limit: 4096),
            error: .discarded
        ).standardOutput
        let version = try #require(said.firstMatch(of: #/PgBouncer (\d+)\.(\d+)/#))
        let numbers = [Int(version.output.1) ?? 0, Int(version.output.2) ?? 0]
        return !numbers.lexicographicallyPrecedes([1, 24])
    }

    @Test func `says so when a pooler accepts the login in front of a dead server`() async throws {
        try await withEmbeddedPostgres { server in
            try await withEmbeddedPooler(.pgbouncer(), for: PoolerTarget(server)) { pooler in
                // The pooler learns what the server says to clients; from then on it does not need it for a login.
                #expect(try await doctor(pooler.url, hiding: server.password).exitStatus == 0)
                try await server.stop()
                let report = try await doctor(pooler.url, hiding: server.password, "--timeout", "3")
                #expect(report.exitStatus == 69)
                #expect(report.failure?.step == "first query")
                #expect(report.steps.map(\.name) == ["DNS", "TCP", "authentication"])
                #expect(report.verdict == "problem")
                #expect(report.findings.contains { $0.change?.contains("reaches its server") == true })
                #expect(report.server == nil && report.clockDifferenceMs == nil)
                let text = try await vernal("doctor", pooler.url, "--timeout", "3")
                #expect(text.output.contains("first query       FAILED"))
            }
        }
    }

    @Test(arguments: [
        "postgres://u:\(secret)@h:x\(secret)/d", "postgres://u:p@\(secret)@h/d", "user=u password=\(secret) nonsense",
        "postgres://u:\(secret)@h/d?pool_size=many", "postgres://u:\(secret)@h/d?nonsense=\(secret)",
        "host=127.0.0.1 port=1 password=\(secret) sslmode=nonsense", "mysql://u:\(secret)@h/d",
    ])
    func `refuses a configuration without sense, and shows nothing of it`(url: String) async throws {
        let outcome = try await vernal("doctor", url)
        #expect(outcome.status == 64)
        #expect(!(outcome.output + outcome.error).contains(Self.secret))
        #expect(!(outcome.output + outcome.error).isEmpty)
    }

    @Test func `takes the configuration of a function from the environment`() async throws {
        try await withEmbeddedPostgres { server in
            let variables: [String: String?] = ["DATABASE_URL_REPORTS": server.url, "VERNAL_POOL_SIZE": "500"]
            let named = try await vernal(["doctor", "--engine", "reports"], environment: variables)
            #expect(named.status == 0)
            #expect(named.output.contains("the pool may open 500 connections"))
            #expect(named.output.contains("idle_session_timeout is off"))
            #expect(named.output.contains("set VERNAL_IDLE_SESSION_TIMEOUT=5m"))
            let ending = ["DATABASE_URL": server.url, "VERNAL_IDLE_SESSION_TIMEOUT": "5m"]
            #expect(try await !vernal(["doctor"], environment: ending).output.contains("idle_session_timeout is off"))
            let wrong = try await vernal(
                ["doctor"],
                environment: ["DATABASE_URL": server.url, "VERNAL_IDLE_TIMEOUT": "soon"]
            )
            #expect(wrong.status == 64)
            #expect(wrong.error.contains("VERNAL_IDLE_TIMEOUT"))
        }
    }
}
