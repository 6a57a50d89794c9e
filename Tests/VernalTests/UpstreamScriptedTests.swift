import Foundation
import Testing
import Vernal
import VernalTestKit

/// The engine behind poolers that are played by a script in front of the real server.
@Suite(.serialized) struct `Behind a scripted upstream` {
    // MARK: RDS Proxy

    /// What a function does all day: reads, writes, transactions that succeed, fail and are left, statements that are given up.
    @Test func `nothing that the engine does pins RDS Proxy`() async throws {
        let count = ProcessInfo.processInfo.environment["VERNAL_PROXY_INVOCATIONS"].flatMap { Int($0) } ?? 10_000
        try await ScriptedUpstream.run(.rdsProxy) { upstream in
            try await using(upstream.engine()) { engine in
                try await engine.withTransaction { connection in
                    try await connection.execute("SELECT pg_advisory_xact_lock(8227)")
                    try await connection.execute("DROP TABLE IF EXISTS proxy_users")
                    try await connection.execute(
                        "CREATE TABLE proxy_users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)"
                    )
                }
                for number in 0..<count { try await invoke(number, engine) }
                #expect(engine.upstream.kind == "rdsProxy")
                _ = try await engine.execute("DROP TABLE proxy_users")
            }
            let record = upstream.record
            #expect(record.statements >= count)
            #expect(record.pins == [])
            #expect(record.statementNames == [])
            #expect(record.startups.allSatisfy { $0["options"] == nil })
        }
    }

    private func invoke(_ number: Int, _ engine: Engine) async throws {
        switch number % 10 {
        case 0:
            let name = "user \(number)"
            _ = try await engine.query("INSERT INTO proxy_users (name) VALUES (\(name)) RETURNING id, name")
        case 1:
            try await engine.withTransaction { connection in
                _ = try await connection.query("SELECT id FROM proxy_users ORDER BY id LIMIT 1 FOR UPDATE")
                try await connection.withTransaction { inner in
                    _ = try await inner.query("SELECT \(number)::int8")
                }
            }
        case 2:
            // Fails in the middle, and is rolled back.
            await #expect(throws: VernalError.self) {
                try await engine.withTransaction { connection in _ = try await connection.query("SELECT 1 / 0") }
            }
        case 3:
            // Left open: the engine rolls it back.
            try await engine.withConnection { connection in
                try await connection.execute("BEGIN")
                _ = try await connection.query("SELECT 1")
            }
        case 4:
            await #expect(throws: VernalError.self) {
                try await engine.query("SELECT \"no such column\" FROM proxy_users")
            }
        case 5: try await invokeSeldom(number / 10 % 100, engine)
        default:
            _ = try await engine.query("SELECT id, name FROM proxy_users WHERE id = \(number)").first
        }
    }

    /// What happens once in a hundred times or less.
    private func invokeSeldom(_ number: Int, _ engine: Engine) async throws {
        switch number {
        case 0:
            // RDS Proxy takes no cancel, so it costs the connection.
            await #expect(throws: VernalError.self) {
                try await engine.query("SELECT pg_sleep(10)", timeout: .milliseconds(5))
            }
        case 1...5:
            // The server gives it up in favour of another, and it is run again.
            var runs = 0
            try await engine.withTransaction(TransactionOptions(retries: 1)) { connection in
                runs += 1
                guard runs == 1 else { return }
                try await connection.execute("DO $$ BEGIN RAISE 'gave way' USING ERRCODE = '40001'; END $$")
            }
            #expect(runs == 2)
        case 6...10:
            // On a server of one's own the session would be reset after that: nobody knows what it has done.
            try await engine.execute("DO $$ BEGIN PERFORM 1; END $$")
        case 11...15:
            try await engine.withTransaction { connection in
                _ = try await connection.query("SELECT set_config('vernal.number', '1', true)")
            }
        case 16...20:
            let answers = try await engine.pipeline {
                "SELECT \(number)::int8"
                "SELECT 2::int8"
            }
            #expect(answers.count == 2)
        case 21...25:
            let count = try await engine.stream("SELECT id, name FROM proxy_users LIMIT 50") { rows in
                var count = 0
                while try await rows.next() != nil { count += 1 }
                return count
            }
            #expect(count > 0)
        case 26: engine.invalidateAll()
        default:
            _ = try await engine.query("SELECT id, name FROM proxy_users ORDER BY id LIMIT 3")
        }
    }

    @Test func `startup options are left out where they are refused`() async throws {
        let scripts: [(String, UpstreamScript)] = [
            ("rdsProxy", .rdsProxy), ("pgbouncer", .pgbouncer), ("neon", .neonRefusingOptions),
        ]
        for (name, script) in scripts {
            try await ScriptedUpstream.run(script) { upstream in
                let engine = try upstream.engine { $0[connectionParameter: "options"] = "-c work_mem=5MB" }
                try await using(engine) { engine in
                    try await expectAnswer(from: engine)
                    engine.invalidateAll()
                    try await expectAnswer(from: engine)
                    #expect(engine.upstream.kind == name)
                }
                // Once with, once without; and never with again.
                #expect(upstream.record.startups.map { $0["options"] != nil } == [true, false, false])
            }
        }
    }

    @Test func `a statement that pins is reported once, or refused`() async throws {
        try await ScriptedUpstream.run(.rdsProxy) { upstream in
            try await using(upstream.engine { $0.pinPolicy = .refuse }) { engine in
                let failure = await #expect(throws: VernalError.self) {
                    try await engine.execute("SET search_path = public")
                }
                #expect(failure?.code == .misuse)
                #expect(failure?.message.contains("SET LOCAL") == true)
                #expect(upstream.record.pins == [])
                #expect(engine.statistics.losses == 0)
                try await engine.withTransaction { connection in
                    try await connection.execute("SET LOCAL search_path = public")
                }
            }
            // Whoever judges here is awake.
            try await using(upstream.engine { $0.pinPolicy = .allow }) { engine in
                try await engine.execute("SET search_path = public")
                #expect(upstream.record.pins.count == 1)
            }
        }
    }

    // MARK: Others

    @Test func `the heartbeat of Supavisor is not taken for an end`() async throws {
        try await ScriptedUpstream.run(.supavisor(heartbeat: .milliseconds(20))) { upstream in
            // Looked at each time, never asked.
            try await using(upstream.engine { $0.pingBypass = .zero }) { engine in
                for _ in 0..<5 {
                    _ = try await engine.query("SELECT 1")
                    try await Task.sleep(for: .milliseconds(60))
                }
                #expect(engine.upstream.kind == "supavisor")
                #expect(engine.statistics.connects == 1)
                #expect(engine.statistics.losses == 0)
            }
        }
    }

    @Test func `a fatal error of PgCat's keeps the connection`() async throws {
        try await ScriptedUpstream.run(.pgcat) { upstream in
            try await using(upstream.engine()) { engine in
                let before = try await engine.backend()
                let failure = await #expect(throws: VernalError.self) {
                    try await engine.query("SELECT from the exhausted pool")
                }
                #expect(failure?.sqlState == "58000")
                let after = try await engine.backend()
                #expect(after == before)
                #expect(engine.statistics.connects == 1)
                #expect(engine.upstream.kind == "pgcat")
            }
        }
    }

    @Test func `an error of Odyssey's costs the connection, and gives it away`() async throws {
        try await ScriptedUpstream.run(.odyssey) { upstream in
            try await using(upstream.engine()) { engine in
                try await expectAnswer(from: engine)
                #expect(engine.upstream.kind == "unknownPooler")
                let failure = await #expect(throws: VernalError.self) {
                    try await engine.query("SELECT from the lost server")
                }
                #expect(failure?.sqlState == .connectionFailure)
                #expect(failure?.isRetryable == true)
                #expect(engine.upstream.kind == "odyssey")
                try await expectAnswer(from: engine)
            }
        }
    }

    @Test func `named statements are not used where they may be lost`() async throws {
        try await ScriptedUpstream.run(.pgbouncer) { upstream in
            try await using(upstream.engine()) { engine in
                for number in 0..<50 { _ = try await engine.query("SELECT \(number)::int8") }
            }
            #expect(upstream.record.statementNames == [])
        }
    }

    /// A pooler would give its old plan to the other connections as well.
    @Test func `what one connection has given up is not prepared by another`() async throws {
        try await ScriptedUpstream.run(.pgbouncer) { upstream in
            let engine = try upstream.engine {
                $0.upstream = .pgbouncer.keepingPreparedStatements()
                $0.statementCacheSize = 64
                $0.poolSize = 2
            }
            try await using(engine) { engine in
                let name = "given_up_\(Int.random(in: 0..<1_000_000_000))"
                let all = SQLQuery(unsafeRaw: "SELECT * FROM \(name)")
                try await engine.execute(SQLQuery(unsafeRaw: "CREATE TABLE \(name) AS SELECT 1::int8 AS a"))
                try await engine.withConnection { one in
                    for _ in 0..<3 { _ = try await one.query(all) }
                    try await one.execute(SQLQuery(unsafeRaw: "ALTER TABLE \(name) ADD COLUMN b int8"))
                    _ = try await one.query(all)
                    let names = upstream.record.statementNames
                    #expect(names.count == 1)
                    try await engine.withConnection { two in
                        for _ in 0..<4 { _ = try await two.query(all) }
                    }
                    #expect(upstream.record.statementNames == names)
                }
                try await engine.execute(SQLQuery(unsafeRaw: "DROP TABLE \(name)"))
            }
        }
    }

    @Test func `an admin console is refused with the reason`() async throws {
        var script = UpstreamScript(backendPID: 1)
        script.serverVersion = "1.25.2/bouncer"
        try await ScriptedUpstream.run(script) { upstream in
            try await using(upstream.engine()) { engine in
                let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
                #expect(failure?.code == .configuration)
                #expect(failure?.message.contains("admin console") == true)
            }
        }
    }

    // MARK: What the engine learns when

    /// On a direct server no statement is reported, at the price of one question, and only if the answer matters.
    @Test func `a direct server is asked once, and only if that matters`() async throws {
        try await FaultProxy.run { proxy in
            try await using(proxy.engine { $0.resetPolicy = .rollbackOnly }) { engine in
                _ = try await engine.query("SELECT 1")
                _ = try await engine.withTransaction { connection in try await connection.query("SELECT 2") }
                #expect(engine.upstream.kind == "direct")
                #expect(engine.upstream.confidence == 0.5)
                let before = proxy.counts.roundTrips
                try await engine.execute("SET application_name = 'a'")
                // The question and the statement.
                #expect(proxy.counts.roundTrips == before + 2)
                #expect(engine.upstream.confidence >= 0.9)
                try await engine.execute("SET application_name = 'b'")
                #expect(proxy.counts.roundTrips == before + 3)
            }
        }
    }

    @Test func `what the user says is taken, unless it is too lenient`() async throws {
        try await ScriptedUpstream.run(.pgcat) { upstream in
            try await using(upstream.engine { $0.upstream = .direct }) { engine in
                _ = try await engine.query("SELECT 1")
                #expect(engine.upstream.kind == "unknownPooler")
                #expect(engine.upstream.contradiction?.contains("the setting upstream") == true)
            }
            try await using(upstream.engine { $0.upstream = Upstream.odyssey.pooling(.session) }) { engine in
                _ = try await engine.query("SELECT 1")
                #expect(engine.upstream.kind == "odyssey")
                #expect(engine.upstream.mode == "session")
                #expect(engine.upstream.contradiction == nil)
            }
        }
    }
}

/// Asks an engine something.
func expectAnswer(from engine: Engine) async throws {
    let number = Int.random(in: 0..<1000)
    let answer = try await engine.query("SELECT \(number)").value(as: Int.self)
    #expect(answer == number)
}
