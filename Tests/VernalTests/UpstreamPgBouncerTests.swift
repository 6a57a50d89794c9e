import EmbeddedPostgres
import Foundation
import Synchronization
import Testing
import Vernal
import VernalTestKit

/// The engine behind a real PgBouncer, whose limits are hit on purpose.
@Suite(.serialized) struct `Behind PgBouncer` {
    @Test(arguments: ["session", "transaction", "statement"])
    func `statements run in each mode, and the pooler is recognised`(mode: String) async throws {
        try await withPooler(.pgbouncer(mode)) { pooler in
            // One in a thousand of its keys looks like that of a server.
            var kinds: Set<String> = []
            for _ in 0..<3 {
                try await using(pooler.engine()) { engine in
                    try await expectAnswer(from: engine)
                    kinds.insert(engine.upstream.kind)
                }
            }
            #expect(kinds.contains("unknownPooler"))
        }
    }

    @Test func `transactions work in transaction mode`() async throws {
        try await withPooler(.pgbouncer(poolSize: 1)) { pooler in
            try await using(pooler.engine()) { engine in
                let pids = try await engine.withTransaction { connection in
                    let first = try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
                    try await connection.withTransaction { inner in try await inner.execute("SELECT 1") }
                    return [first, try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)]
                }
                #expect(pids[0] == pids[1])
                #expect(engine.statistics.losses == 0)
            }
        }
    }

    @Test func `a transaction in statement mode is refused, by the engine from the second time on`() async throws {
        try await withPooler(.pgbouncer("statement")) { pooler in
            try await using(pooler.engine()) { engine in
                let first = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                }
                #expect(first?.serverMessage?.contains("transaction blocks not allowed") == true)
                #expect(engine.upstream.mode == "statement")
                let second = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                }
                #expect(second?.code == .misuse)
                try await expectAnswer(from: engine)
            }
        }
    }

    @Test func `TLS and SCRAM to the pooler, and from it to the server`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(tls: true)) { server in
            try await withEmbeddedPooler(.pgbouncer(tls: true), for: PoolerTarget(server)) { pooler in
                try await using(pooler.engine()) { engine in
                    let isEncrypted = try await engine.withConnection { connection in
                        _ = try await connection.query("SELECT 1")
                        return connection.isEncrypted
                    }
                    #expect(isEncrypted)
                    let isBackendEncrypted = try await engine.query(
                        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                    ).value(as: Bool.self)
                    #expect(isBackendEncrypted)
                }
            }
        }
    }

    @Test func `a wrong password is final`() async throws {
        try await withPooler(.pgbouncer()) { pooler in
            try await using(pooler.engine { $0[connectionParameter: "password"] = "wrong" }) { engine in
                let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
                #expect(failure?.code == .authenticationFailed)
                #expect(engine.statistics.connects == 1)
            }
        }
    }

    // MARK: Limits

    @Test func `a pooler without room for clients is asked again`() async throws {
        try await expectAskedAgain(.pgbouncer(settings: ["max_client_conn": "1"]))
    }

    @Test func `a pooler without a server connection in time fails the statement, and the next one works`() async throws
    {
        try await withPooler(.pgbouncer(poolSize: 1, settings: ["query_wait_timeout": "1"])) { pooler in
            try await using(pooler.engine()) { holder in
                try await using(pooler.engine()) { engine in
                    _ = try await engine.query("SELECT 1")
                    try await holder.withTransaction { connection in
                        try await connection.execute("SELECT 1")
                        let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 2") }
                        #expect(failure?.serverMessage?.contains("query_wait_timeout") == true)
                        #expect(failure?.code == .connectionLost)
                    }
                    try await expectAnswer(from: engine)
                    #expect(engine.upstream.kind == "pgbouncer")
                }
            }
        }
    }

    @Test func `a pooler that closes idle clients is not noticed`() async throws {
        try await withPooler(.pgbouncer(settings: ["client_idle_timeout": "1"])) { pooler in
            try await using(pooler.engine()) { engine in
                _ = try await engine.query("SELECT 1")
                try await Task.sleep(for: .seconds(2.5))
                try await expectAnswer(from: engine)
                #expect(engine.statistics.connects == 2)
            }
        }
    }

    @Test func `server connections that are replaced meanwhile are not noticed`() async throws {
        try await withPooler(.pgbouncer(poolSize: 1, settings: ["server_lifetime": "1"])) { pooler in
            try await using(pooler.engine()) { engine in
                var backends: Set<Int> = []
                let end = ContinuousClock.now + .seconds(3.5)
                while ContinuousClock.now < end {
                    backends.insert(try await engine.backend())
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(backends.count > 1)
                #expect(engine.statistics.connects == 1)
            }
        }
    }

    // MARK: Orders of the administrator, and restarts, under load

    @Test func `a pause only takes time`() async throws {
        try await withPooler(.pgbouncer(poolSize: 2)) { pooler in
            let (done, failures) = try await pooler.underLoad {
                try await pooler.order("PAUSE")
                try await Task.sleep(for: .milliseconds(200))
                try await pooler.order("RESUME")
            }
            #expect(done > 0)
            #expect(failures == [])
        }
    }

    /// A server connection that is just being made when the order comes counts as a login that failed, and PgBouncer then refuses
    /// everybody for `server_login_retry`.
    @Test func `a reconnect costs at most what PgBouncer itself refuses`() async throws {
        try await withPooler(.pgbouncer(poolSize: 2, settings: ["server_login_retry": "1"])) { pooler in
            let (done, failures) = try await pooler.underLoad {
                try await pooler.order("RECONNECT")
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(done > 0)
            for failure in failures { #expect(failure.contains("server_login_retry"), "\(failure)") }
        }
    }

    @Test func `a kill and a restart cost what was under way, and nothing else`() async throws {
        try await withPooler(.pgbouncer(poolSize: 2)) { pooler in
            let (done, failures) = try await pooler.underLoad {
                try await pooler.order("KILL vernal")
                try await pooler.order("RESUME vernal")
                try await Task.sleep(for: .milliseconds(100))
                try await pooler.restart(.kill)
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(done > 0)
            // Whatever failed was the connection's end, and says whether it may be repeated.
            for failure in failures {
                #expect(["connectionLost", "connectFailed"].contains { failure.hasPrefix($0) }, "\(failure)")
            }
        }
    }

    // MARK: Sessions that are shared

    /// Two functions take turns on one server connection.
    @Test func `two engines on one server connection never see each other's session`() async throws {
        try await withPooler(.pgbouncer(poolSize: 1, settings: ["server_reset_query": ""])) { pooler in
            try await pooler.takeTurns()
        }
    }
}

/// The engine behind a real pgpool-II.
@Suite(.serialized) struct `Behind pgpool-II` {
    @Test func `everything works as on the server itself`() async throws {
        try await withPooler(.pgpool()) { pooler in
            try await using(pooler.engine { $0.poolSize = 2 }) { engine in
                try await expectAnswer(from: engine)
                let sum: Int = try await engine.withTransaction { connection in
                    try await connection.query("SELECT sum(n)::int8 FROM generate_series(1, 1000) AS n").value()
                }
                #expect(sum == 500_500)
                await #expect(throws: VernalError.self) { try await engine.query("SELECT 1 / 0") }
                let failure = await #expect(throws: VernalError.self) {
                    try await engine.query("SELECT pg_sleep(10)", timeout: .milliseconds(100))
                }
                #expect(failure?.code == .timedOut)
                try await expectAnswer(from: engine)
            }
        }
    }
}
