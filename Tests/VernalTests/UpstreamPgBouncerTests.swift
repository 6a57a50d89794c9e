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
        try await withPooler(.pgbouncer(settings: ["max_client_conn": "1"])) { pooler in
            let holder = try pooler.engine()
            _ = try await holder.query("SELECT 1")
            try await using(pooler.engine()) { engine in
                async let answer = engine.query("SELECT 1::int8").value(as: Int.self)
                try await eventually("the pooler has refused somebody") { engine.statistics.connectFailures > 0 }
                await holder.dispose()
                #expect(try await answer == 1)
            }
        }
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
            let (done, failures) = try await underLoad(pooler) {
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
            let (done, failures) = try await underLoad(pooler) {
                try await pooler.order("RECONNECT")
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(done > 0)
            for failure in failures { #expect(failure.contains("server_login_retry"), "\(failure)") }
        }
    }

    @Test func `a kill and a restart cost what was under way, and nothing else`() async throws {
        try await withPooler(.pgbouncer(poolSize: 2)) { pooler in
            let (done, failures) = try await underLoad(pooler) {
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

    /// Runs statements on four engines while something happens, and looks afterwards that all of them work.
    ///
    /// - Returns: how many statements succeeded, and the codes of the errors.
    private func underLoad(
        _ pooler: EmbeddedPooler,
        _ happening: () async throws -> Void
    ) async throws -> (done: Int, failures: [String]) {
        let engines = try (0..<4).map { _ in try pooler.engine() }
        let done = Shared(0)
        let failures = Shared<[String]>([])
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for engine in engines {
                group.addTask {
                    while !isOver.value {
                        do {
                            _ = try await engine.query("SELECT pg_sleep(0.001)")
                            done.change { $0 += 1 }
                        } catch let error as VernalError {
                            failures.change { $0.append("\(error.code): \(error)") }
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
            do {
                try await eventually("there is load") { done.value > 20 }
                try await happening()
            } catch {
                isOver.change { $0 = true }
                throw error
            }
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
        for engine in engines {
            try await expectAnswer(from: engine)
            await engine.dispose()
        }
        return (done.value, failures.value)
    }

    // MARK: Sessions that are shared

    /// Two functions take turns on one server connection.
    @Test func `two engines on one server connection never see each other's session`() async throws {
        let wanted = ProcessInfo.processInfo.environment["VERNAL_SHARED_STATEMENTS"].flatMap { Int($0) } ?? 6000
        try await withPooler(.pgbouncer(poolSize: 1, settings: ["server_reset_query": ""])) { pooler in
            let count = Shared(0)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for name in ["one", "two"] {
                    let engine = try pooler.engine { $0.pinPolicy = .refuse }
                    group.addTask {
                        try await using(engine) { engine in
                            var backend = 0
                            var number = 0
                            while count.value < wanted {
                                number += 1
                                backend = try await self.takeTurn(engine, name, number, count)
                            }
                            return backend
                        }
                    }
                }
                var backends: Set<Int> = []
                for try await backend in group { backends.insert(backend) }
                #expect(backends.count == 1)
            }
        }
    }

    private func takeTurn(_ engine: Engine, _ name: String, _ number: Int, _ count: Shared<Int>) async throws -> Int {
        let mine = "SELECT coalesce(current_setting('vernal.owner', true), '')"
        let before: String = try await engine.query(SQLQuery(unsafeRaw: mine)).value()
        #expect(before == "")
        let backend = try await engine.withTransaction { connection in
            _ = try await connection.query("SELECT set_config('vernal.owner', \(name), true)")
            try await connection.execute("CREATE TEMP TABLE mine (n int) ON COMMIT DROP")
            let seen: String = try await connection.query(SQLQuery(unsafeRaw: mine)).value()
            #expect(seen == name)
            return try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
        }
        // What would stay in the session is not even sent.
        if number % 10 == 0 {
            await #expect(throws: VernalError.self) { try await engine.execute("SET vernal.owner = 'nobody'") }
            await #expect(throws: VernalError.self) { try await engine.execute("SELECT pg_advisory_lock(1)") }
        }
        count.change { $0 += 7 }
        return backend
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
