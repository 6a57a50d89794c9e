import EmbeddedPostgres
import InvocationLifecycle
import Testing
import Vernal
import VernalTestKit

extension Engine {
    /// What is in force on the connection that is lent next.
    fileprivate func idleSessionTimeout() async throws -> String {
        try await query("SELECT current_setting('idle_session_timeout')").value(as: String.self)
    }
}

/// An engine whose sessions end after a second.
private func withShortSessions(
    _ change: (inout EngineConfiguration) -> Void = { _ in },
    _ body: (Engine) async throws -> Void
) async throws {
    try await withEngine(
        {
            $0.idleSessionTimeout = .seconds(1)
            change(&$0)
        },
        body
    )
}

extension `On a real server` {
    @Suite struct `A session that rests` {
        private static let policies: [ResetPolicy] = [
            .automatic, .rollbackOnly, .discardAll, .custom("DISCARD ALL;"), .custom("RESET ALL; UNLISTEN *"),
            .custom("UNLISTEN *"),
        ]
        private static let changes = [
            "SET work_mem = '70MB'", "SET idle_session_timeout = 0", "RESET ALL", "DISCARD ALL",
            "SELECT set_config('idle_session_timeout', '7s', false)",
            "DO $$ BEGIN PERFORM set_config('idle_session_timeout', '8s', false); END $$",
        ]

        @Test func `is ended by the server, and the next caller has another one and no error`() async throws {
            try await withEngine { witness in
                try await withShortSessions { engine in
                    let backend = try await engine.backend()
                    try await eventually("the server ended it") { try await !witness.sees(backend: backend) }
                    #expect(try await engine.backend() != backend)
                    // Without a look at the one that is dead, and without a connection lost.
                    #expect(engine.statistics.expiries == 1)
                    #expect(engine.statistics.losses == 0)
                    #expect(engine.statistics.connects == 2)
                }
            }
        }

        @Test func `is left alone unless somebody asks for it`() async throws {
            try await withEngine { engine in
                let before = try await engine.idleSessionTimeout()
                try await engine.execute("SET work_mem = '70MB'")
                #expect(try await engine.idleSessionTimeout() == before)
            }
        }

        @Test(arguments: policies.indices)
        func `ends as the engine says, whatever a caller did and however it is cleaned`(policy: Int) async throws {
            for change in Self.changes {
                try await withEngine({
                    $0.idleSessionTimeout = .seconds(300)
                    $0.resetPolicy = Self.policies[policy]
                }) { engine in
                    let backend = try await engine.backend()
                    #expect(try await engine.idleSessionTimeout() == "5min")
                    try await engine.execute(SQLQuery(unsafeRaw: change))
                    #expect(try await engine.idleSessionTimeout() == "5min", "after \(change)")
                    #expect(try await engine.backend() == backend)
                }
            }
        }

        @Test func `is as a caller sets it for as long as he has it`() async throws {
            try await withEngine({ $0.idleSessionTimeout = .seconds(300) }) { engine in
                _ = try await engine.backend()
                try await engine.withConnection { connection in
                    try await connection.execute("SET idle_session_timeout = '7s'")
                    let set = try await connection.query("SHOW idle_session_timeout").value(as: String.self)
                    #expect(set == "7s")
                }
                #expect(try await engine.idleSessionTimeout() == "5min")
            }
        }

        @Test func `ends as the engine says also after hooks of the program's own`() async throws {
            var hooks = EngineHooks()
            hooks.reset = { connection in try await connection.execute("DISCARD ALL") }
            hooks.configure = { connection in try await connection.execute("SET work_mem = '71MB'") }
            try await using(testEngine({ $0.idleSessionTimeout = .seconds(300) }, hooks)) { engine in
                let backend = try await engine.backend()
                for _ in 0..<3 { #expect(try await engine.idleSessionTimeout() == "5min") }
                #expect(try await engine.backend() == backend)
            }
        }

        @Test func `is as the options of the connection say, and the log tells so once`() async throws {
            let log = EventLog()
            let engine = try testEngine(
                {
                    $0.idleSessionTimeout = .seconds(300)
                    $0[connectionParameter: "options"] = "-c idle_session_timeout=9s"
                },
                log.hooks
            )
            try await using(engine) { engine in
                for _ in 0..<3 { #expect(try await engine.idleSessionTimeout() == "9s") }
                try await engine.execute("SET work_mem = '70MB'")
                #expect(try await engine.idleSessionTimeout() == "9s")
            }
            #expect(log.events(.upstreamContradiction).map(\.reason).count == 1)
        }

        // A borrower's silence is not seen by the pool, and must not be taken for the time of the next one.
        @Test func `lives on when its borrowers are silent, each for less than its time`() async throws {
            try await withShortSessions { engine in
                let backend = try await engine.backend()
                for _ in 0..<5 {
                    try await engine.withConnection { _ in try await Task.sleep(for: .milliseconds(400)) }
                }
                #expect(try await engine.backend() == backend)
                #expect(engine.statistics.losses == 0)
            }
        }

        @Test func `is lost by a borrower who is silent for longer, and takes no other with it`() async throws {
            try await withEngine { witness in
                try await withShortSessions({
                    $0.poolSize = 2
                    $0.breakerThreshold = 1
                }) { engine in
                    _ = try await backendsAtOnce(engine, 2)
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.withConnection { connection in
                            let mine = connection.backendPID
                            var others: Set<Int> = []
                            // The other one is in use all the time.
                            try await eventually("the silent one is ended") {
                                others.insert(try await engine.backend())
                                return try await !witness.sees(backend: mine)
                            }
                            #expect(others.count == 1)
                            try await connection.execute("SELECT 1")
                        }
                    }
                    #expect(error?.sqlState == "57P05")
                    #expect(engine.statistics.connects == 2)
                    #expect(engine.statistics.idle == 1)
                    #expect(try await engine.leasableConnections() == 2)
                }
            }
        }

        @Test func `may wait in silence for a notification`() async throws {
            try await withEngine { sender in
                try await withShortSessions { engine in
                    let backend = try await engine.backend()
                    try await engine.listen(to: ["rests"]) { notifications in
                        #expect(try await notifications.next(within: .milliseconds(1600)) == nil)
                        try await Task.sleep(for: .milliseconds(1300))
                        try await sender.execute("NOTIFY rests, 'awake'")
                        #expect(try await notifications.next()?.payload == "awake")
                    }
                    #expect(try await engine.idleSessionTimeout() == "1s")
                    #expect(try await engine.backend() == backend)
                }
            }
        }
    }
}

/// What is sent to whom, over upstreams that write it down.
@Suite(.serialized) struct `The end of sessions that rest` {
    /// Some work that leaves the session changed, and what the log says of it.
    private func work(
        on upstream: ScriptedUpstream,
        _ change: (inout EngineConfiguration) -> Void
    ) async throws -> [String] {
        let log = EventLog()
        let engine = try upstream.engine(hooks: log.hooks) {
            $0.idleSessionTimeout = .seconds(300)
            change(&$0)
        }
        try await using(engine) { engine in
            for _ in 0..<3 {
                _ = try await engine.query("SELECT 1")
                _ = try await engine.query("SELECT setseed(0.5)")
            }
            _ = try await engine.query("SELECT 1")
        }
        return log.events(.upstreamContradiction).compactMap(\.reason)
    }

    private func mentions(_ upstream: ScriptedUpstream) -> [String] {
        upstream.record.lastStatements.filter { $0.contains("idle_session_timeout") }
    }

    private static let direct = UpstreamScript(backendPID: 4711)

    @Test func `is sent once to a server, with the commands that clean the session or alone`() async throws {
        try await ScriptedUpstream.run(Self.direct) { upstream in
            let told = try await work(on: upstream) { $0.upstream = .direct }
            #expect(told == [])
            // When it comes back first, and with each DISCARD ALL.
            #expect(mentions(upstream).count == 4)
            #expect(mentions(upstream).allSatisfy { $0 == "SET idle_session_timeout = 300000" })
        }
    }

    @Test func `is not sent to a pooler, and the log tells so once`() async throws {
        for script in [UpstreamScript.pgbouncer, .rdsProxy, .odyssey, .supavisor(heartbeat: .seconds(60))] {
            try await ScriptedUpstream.run(script) { upstream in
                let told = try await work(on: upstream) { _ in }
                #expect(mentions(upstream) == [])
                #expect(told.count { $0.contains("idleSessionTimeout") } == 1, "\(told)")
            }
        }
    }

    @Test func `is not sent where nobody knows what is in between`() async throws {
        try await ScriptedUpstream.run(Self.direct) { upstream in
            let told = try await work(on: upstream) { $0.probesUpstream = false }
            #expect(mentions(upstream) == [])
            #expect(told.count == 1 && told[0].contains("VERNAL_UPSTREAM=direct"))
        }
    }

    @Test func `is not sent any more once there turns out to be a pooler`() async throws {
        try await withEngine({ $0.idleSessionTimeout = .seconds(300) }) { engine in
            _ = try await engine.backend()
            #expect(try await engine.idleSessionTimeout() == "5min")
            await #expect(throws: VernalError.self) {
                try await engine.execute("DO $$ BEGIN RAISE 'query_wait_timeout' USING ERRCODE = '08P01'; END $$")
            }
            #expect(engine.upstream.kind == "pgbouncer")
            engine.invalidateAll()
            for _ in 0..<3 { #expect(try await engine.idleSessionTimeout() == "0") }
        }
    }

    @Test func `is not sent to a server that does not know it`() async throws {
        var old = Self.direct
        old.serverVersion = "13.14"
        try await ScriptedUpstream.run(old) { upstream in
            let told = try await work(on: upstream) { $0.upstream = .direct }
            #expect(mentions(upstream) == [])
            #expect(told.count == 1 && told[0].contains("PostgreSQL 14"))
        }
    }

    @Test func `costs one connection where it is refused, and is not sent again`() async throws {
        var picky = Self.direct
        let error = ServerSays.error(severity: "ERROR", "42704", "unrecognized configuration parameter")
        picky.answers = [("idle_session_timeout", .init(error, isReadyAfterwards: true))]
        try await ScriptedUpstream.run(picky) { upstream in
            let told = try await work(on: upstream) { $0.upstream = .direct }
            #expect(mentions(upstream).count == 1)
            #expect(told.count == 1 && told[0].contains("42704"))
            #expect(upstream.record.startups.count == 2)
        }
    }

    @Test func `is not blamed for clean-up of the program's own that fails`() async throws {
        try await ScriptedUpstream.run(Self.direct) { upstream in
            let told = try await work(on: upstream) {
                $0.upstream = .direct
                $0.resetPolicy = .custom("SELECT 1 / (random() - random() > 2)::int")
            }
            #expect(told == [])
            // Each connection was told, and lost with the clean-up.
            #expect(mentions(upstream).count >= 6)
        }
        let failsLater = """
            SELECT 1 / (SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7331 \
            AND pid = pg_backend_pid())::int
            """
        try await ScriptedUpstream.run(Self.direct) { upstream in
            let log = EventLog()
            let engine = try upstream.engine(hooks: log.hooks) {
                $0.idleSessionTimeout = .seconds(300)
                $0.upstream = .direct
                $0.resetPolicy = .custom(failsLater)
            }
            try await using(engine) { engine in
                _ = try await engine.query("SELECT 1")
                _ = try await engine.query("SELECT pg_advisory_lock(7331)")
                _ = try await engine.query("SELECT 1")
                #expect(try await engine.idleSessionTimeout() == "5min")
                #expect(engine.statistics.connects == 2)
            }
            #expect(log.events(.upstreamContradiction).isEmpty)
        }
    }

    @Test(arguments: ["session", "transaction"])
    func `is not in force behind PgBouncer`(mode: String) async throws {
        try await withPooler(.pgbouncer(mode)) { pooler in
            try await using(pooler.engine { $0.idleSessionTimeout = .seconds(300) }) { engine in
                for _ in 0..<3 {
                    let found = try await engine.idleSessionTimeout()
                    #expect(found == "0")
                }
            }
        }
    }
}
