import EmbeddedPostgres
import Foundation
import Testing
import Vernal
import VernalTestKit

/// The command that starts a PgBouncer from 1.21 on, as `Tests/run.sh` fetches it.
private let newerPgBouncer = ProcessInfo.processInfo.environment["VERNAL_PGBOUNCER_NEW"].flatMap {
    $0.isEmpty ? nil : $0
}

/// The engine behind a PgBouncer that keeps prepared statements for each of its clients: 1.24, where Debian 12 has 1.18.
@Suite(.serialized, .enabled(if: newerPgBouncer != nil, "VERNAL_PGBOUNCER_NEW is not set; Tests/run.sh sets it"))
struct `Behind a PgBouncer that keeps prepared statements` {
    private static func options(
        _ settings: [String: String] = [:],
        mode: String = "transaction",
        poolSize: Int = 1
    ) -> PoolerOptions {
        var options = PoolerOptions.pgbouncer(mode, poolSize: poolSize, settings: settings)
        options.command = newerPgBouncer
        return options
    }

    private static func declaring(_ configuration: inout EngineConfiguration) {
        configuration.upstream = .pgbouncer.keepingPreparedStatements()
        configuration.statementCacheSize = 64
    }

    /// What is prepared in the one server connection, by PgBouncer's own names.
    private static func prepared(_ engine: Engine) async throws -> [String] {
        let question: SQLQuery = "SELECT statement FROM pg_prepared_statements ORDER BY statement"
        return try await engine.withTransaction { connection in
            // As the first statement of a transaction it is never prepared itself.
            try await connection.query(question).decode(String.self)
        }
    }

    @Test(arguments: ["session", "transaction", "statement"])
    func `is recognised as a pooler in each mode, and by its messages as PgBouncer`(mode: String) async throws {
        try await withPooler(Self.options(["query_wait_timeout": "1"], mode: mode)) { pooler in
            try await using(pooler.engine()) { engine in
                try await expectAnswer(from: engine)
                // One in five hundred of its keys looks like that of a server.
                #expect(["unknownPooler", "direct"].contains(engine.upstream.kind))
                try await Self.whileInUse(by: engine) {
                    try await using(pooler.engine()) { other in
                        let failure = await #expect(throws: VernalError.self) { try await other.query("SELECT 1") }
                        #expect(failure?.serverMessage?.contains("query_wait_timeout") == true)
                        #expect(other.upstream.kind == "pgbouncer")
                    }
                }
            }
        }
    }

    /// Runs `body` while a statement of the engine has the one server connection.
    private static func whileInUse(by engine: Engine, _ body: () async throws -> Void) async throws {
        let text = "SELECT pg_sleep(10), \(Int.random(in: 0..<1_000_000_000))"
        try await withEngine { direct in
            let sleeper = Task { try await engine.query(SQLQuery(unsafeRaw: text)) }
            let result: Result<Void, any Error>
            do {
                try await eventually("the server connection is in use") {
                    try await direct.query(
                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = \(text)"
                    ).value(as: Int.self) == 1
                }
                result = .success(try await body())
            } catch { result = .failure(error) }
            _ = try await direct.query(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND query = \(text)"
            )
            _ = await sleeper.result
            try result.get()
        }
    }

    /// The peer's number is in the second and the third byte of the key.
    ///
    /// Where the first one is 0, which it is for one of 128 clients, the number could be that of a process.
    @Test func `is recognised with peers, too`() async throws {
        try await withPooler(Self.options(["peer_id": "7"])) { pooler in
            var kinds: Set<String> = []
            for _ in 0..<3 {
                try await using(pooler.engine()) { engine in
                    try await expectAnswer(from: engine)
                    let number = try await engine.withConnection { $0.backendPID }
                    #expect(number >> 8 & 0xFFFF == 7 << 8, "\(number)")
                    if number > 1 << 22 { #expect(engine.upstream.kind == "unknownPooler", "\(number)") }
                    kinds.insert(engine.upstream.kind)
                }
            }
            #expect(kinds.contains("unknownPooler"))
        }
    }

    @Test func `is recognised with a longer application name, too`() async throws {
        try await withPooler(Self.options(["application_name_add_host": "1"])) { pooler in
            try await using(pooler.engine { $0[connectionParameter: "application_name"] = "app" }) { engine in
                try await expectAnswer(from: engine)
                #expect(engine.upstream.kind == "unknownPooler")
                let name = try await engine.withConnection { $0.parameterStatus("application_name") }
                #expect(name?.hasPrefix("app - ") == true)
            }
        }
    }

    @Test func `an admin console is refused with the reason`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine { $0[connectionParameter: "dbname"] = "pgbouncer" }) { engine in
                let failure = await #expect(throws: VernalError.self) { try await engine.query("SHOW VERSION") }
                #expect(failure?.code == .configuration)
                #expect(failure?.message.contains("admin console") == true)
            }
        }
    }

    // MARK: Whether statements are prepared

    @Test func `prepares nothing as long as nobody says that it may`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine { $0.statementCacheSize = 64 }) { engine in
                for number in 0..<50 { _ = try await engine.query("SELECT \(number)::int8") }
                #expect(try await Self.prepared(engine) == [])
            }
            try await using(
                pooler.engine {
                    $0.upstream = .pgbouncer
                    $0.statementCacheSize = 64
                }
            ) { engine in
                for number in 0..<50 { _ = try await engine.query("SELECT \(number)::int8") }
                #expect(try await Self.prepared(engine) == [])
                #expect(engine.upstream.rules.contains { $0.hasPrefix("statements prepared under a name: only") })
            }
        }
    }

    @Test func `prepares what comes again once it is said, and two functions share that`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine(Self.declaring)) { one in
                try await using(pooler.engine(Self.declaring)) { two in
                    for number in 0..<20 {
                        for engine in [one, two] {
                            let answer = try await engine.query("SELECT \(number)::int8 + 1").value(as: Int.self)
                            #expect(answer == number + 1)
                        }
                    }
                    #expect(try await Self.prepared(one) == ["SELECT $1::int8 + 1"])
                    #expect(one.upstream.contradiction == nil)
                    #expect(
                        one.upstream.rules.contains("statements prepared under a name: yes, outside of transactions")
                    )
                    #expect(one.statistics.losses + two.statistics.losses == 0)
                }
            }
        }
    }

    /// Neither the engine's cache nor PgBouncer's is large enough, and nobody can be told to forget.
    @Test func `stands more statements than anybody keeps, and prepares nothing new in the end`() async throws {
        try await withPooler(Self.options(["max_prepared_statements": "3"])) { pooler in
            let engine = try pooler.engine {
                Self.declaring(&$0)
                $0.poolSize = 1
                $0.statementCacheSize = 5
            }
            try await using(engine) { engine in
                for number in 0..<400 {
                    // What was used last is used again, and every twentieth time there is a new one.
                    let addend = number % 4 + number / 20
                    let query: SQLQuery = "SELECT \(unsafeRaw: String(addend)) + \(number)::int8"
                    let answer = try await engine.query(query).value(as: Int.self)
                    #expect(answer == addend + number)
                    if number == 30 { #expect(try await Self.prepared(engine).count == 3) }
                    if number % 10 == 0 {
                        try await engine.withTransaction { connection in
                            _ = try await connection.query("SELECT 1")
                            _ = try await connection.query(query)
                        }
                    }
                }
                for _ in 0..<3 { _ = try await engine.query("SELECT 'new'") }
                #expect(try await !Self.prepared(engine).contains("SELECT 'new'"))
                #expect(engine.upstream.contradiction == nil)
                #expect(engine.statistics.connects == 1)
                #expect(engine.statistics.losses == 0)
            }
        }
    }

    // MARK: What forgets them

    @Test(arguments: ["DISCARD ALL", "DEALLOCATE ALL"])
    func `prepares anew after the program has had all statements forgotten`(command: String) async throws {
        try await withPooler(Self.options()) { pooler in
            let engine = try pooler.engine {
                Self.declaring(&$0)
                $0.pinPolicy = .allow
            }
            try await using(engine) { engine in
                for _ in 0..<3 {
                    for _ in 0..<3 { _ = try await engine.query("SELECT 8") }
                    try await engine.execute(SQLQuery(unsafeRaw: command))
                    // In a transaction there is no second try.
                    try await engine.withTransaction { connection in
                        for _ in 0..<4 { _ = try await connection.query("SELECT 8") }
                    }
                }
                #expect(engine.upstream.contradiction == nil)
                #expect(engine.statistics.losses == 0)
            }
        }
    }

    /// Under another name PgBouncer gives out the same plan, so that preparing it again would fail again.
    @Test func `runs a statement as it is when its table has changed`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine(Self.declaring)) { engine in
                let name = "prepared_\(Int.random(in: 0..<1_000_000_000))"
                let all = SQLQuery(unsafeRaw: "SELECT * FROM \(name)")
                try await engine.execute(SQLQuery(unsafeRaw: "CREATE TABLE \(name) AS SELECT 1::int8 AS a"))
                for _ in 0..<3 { _ = try await engine.query(all) }
                try await engine.execute(SQLQuery(unsafeRaw: "ALTER TABLE \(name) ADD COLUMN b int8"))
                for _ in 0..<5 {
                    let rows = try await engine.query(all)
                    #expect(rows.columns.count == 2)
                }
                try await engine.withTransaction { connection in
                    _ = try await connection.query("SELECT 1")
                    for _ in 0..<3 { _ = try await connection.query(all) }
                }
                try await engine.execute(SQLQuery(unsafeRaw: "DROP TABLE \(name)"))
                #expect(engine.upstream.contradiction == nil)
            }
        }
    }

    /// PgBouncer answers a text that it knows with the plan that it has: a process that has just begun gets the old one, too.
    @Test func `no transaction of a new process is ended by a table that has changed`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine(Self.declaring)) { old in
                let name = "prepared_\(Int.random(in: 0..<1_000_000_000))"
                let all = SQLQuery(unsafeRaw: "SELECT * FROM \(name)")
                try await old.execute(SQLQuery(unsafeRaw: "CREATE TABLE \(name) AS SELECT 1::int8 AS a"))
                for _ in 0..<3 { _ = try await old.query(all) }
                #expect(try await Self.prepared(old).contains(all.text))
                try await old.execute(SQLQuery(unsafeRaw: "ALTER TABLE \(name) ADD COLUMN b int8"))
                try await using(pooler.engine(Self.declaring)) { new in
                    for _ in 0..<2 {
                        try await new.withTransaction { connection in
                            _ = try await connection.query("SELECT 1")
                            for _ in 0..<3 {
                                let rows = try await connection.query(all)
                                #expect(rows.columns.count == 2)
                            }
                        }
                        // Outside of one it is run anew.
                        for _ in 0..<3 {
                            let rows = try await new.query(all)
                            #expect(rows.columns.count == 2)
                        }
                    }
                }
                // What it has prepared is not run in a transaction either.
                try await old.withTransaction { connection in
                    _ = try await connection.query("SELECT 1")
                    _ = try await connection.query(all)
                }
                try await old.execute(SQLQuery(unsafeRaw: "DROP TABLE \(name)"))
                #expect(old.upstream.contradiction == nil)
            }
        }
    }

    @Test func `tenants whose tables differ may have their schemas set for a transaction`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine(Self.declaring)) { engine in
                let name = "tenant_\(Int.random(in: 0..<1_000_000_000))"
                for (schema, type) in [("\(name)_a", "int8"), ("\(name)_b", "text")] {
                    try await engine.execute(SQLQuery(unsafeRaw: "CREATE SCHEMA \(schema)"))
                    try await engine.execute(SQLQuery(unsafeRaw: "CREATE TABLE \(schema).things (a \(type))"))
                }
                for number in 0..<8 {
                    let schema = number.isMultiple(of: 2) ? "\(name)_a" : "\(name)_b"
                    try await engine.withTransaction { connection in
                        try await connection.execute(SQLQuery(unsafeRaw: "SET LOCAL search_path = \(schema)"))
                        for _ in 0..<3 { _ = try await connection.query("SELECT * FROM things") }
                    }
                }
                for schema in ["\(name)_a", "\(name)_b"] {
                    try await engine.execute(SQLQuery(unsafeRaw: "DROP SCHEMA \(schema) CASCADE"))
                }
            }
        }
    }

    @Test func `server connections that are replaced under load are not noticed`() async throws {
        let settings = ["server_lifetime": "1", "server_login_retry": "1"]
        try await withPooler(Self.options(settings, poolSize: 2)) { pooler in
            let (done, failures) = try await pooler.underLoad(Self.declaring) {
                for _ in 0..<5 {
                    try await pooler.order("RECONNECT")
                    try await Task.sleep(for: .milliseconds(300))
                }
            }
            #expect(done > 0)
            for failure in failures { #expect(failure.contains("server_login_retry"), "\(failure)") }
        }
    }

    @Test func `a restart under load costs what was under way, and nothing else`() async throws {
        try await withPooler(Self.options(poolSize: 2)) { pooler in
            let (done, failures) = try await pooler.underLoad(Self.declaring) {
                try await pooler.restart(.kill)
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(done > 0)
            for failure in failures {
                #expect(["connectionLost", "connectFailed"].contains { failure.hasPrefix($0) }, "\(failure)")
            }
        }
    }

    // MARK: Sessions that are shared

    @Test func `two engines on one server connection never see each other's session`() async throws {
        try await withPooler(Self.options(["server_reset_query": ""])) { pooler in
            try await pooler.takeTurns(Self.declaring)
        }
    }

    // MARK: When it is not true

    @Test func `a wrong word costs one try, and is told`() async throws {
        try await withPooler(Self.options(["max_prepared_statements": "0"], poolSize: 2)) { pooler in
            try await using(pooler.engine(Self.declaring)) { engine in
                try await using(pooler.engine()) { holder in
                    for _ in 0..<3 { _ = try await engine.query("SELECT 5::int8") }
                    // The server connection that has it is the one that was used last, and is in use now.
                    try await holder.withTransaction { connection in
                        _ = try await connection.query("SELECT 1")
                        let answer = try await engine.query("SELECT 5::int8").value(as: Int.self)
                        #expect(answer == 5)
                    }
                    #expect(engine.upstream.contradiction?.contains("keeps prepared statements") == true)
                    for _ in 0..<5 { _ = try await engine.query("SELECT 6::int8") }
                    #expect(try await Self.prepared(engine).filter { $0.contains("6") } == [])
                    #expect(engine.statistics.losses == 0)
                }
            }
        }
    }

    @Test func `a wrong word that one connection finds out ends no transaction of another`() async throws {
        try await withPooler(Self.options(["max_prepared_statements": "0"], poolSize: 2)) { pooler in
            let engine = try pooler.engine {
                Self.declaring(&$0)
                $0.poolSize = 2
            }
            try await using(engine) { engine in
                try await using(pooler.engine()) { holder in
                    try await engine.withConnection { one in
                        try await engine.withConnection { two in
                            for _ in 0..<3 { _ = try await one.query("SELECT 5::int8") }
                            for _ in 0..<3 { _ = try await two.query("SELECT 5::int8") }
                            // Both have it in the server connection that was used last, which is in use now.
                            try await holder.withTransaction { connection in
                                _ = try await connection.query("SELECT 1")
                                _ = try await one.query("SELECT 5::int8")
                                #expect(engine.upstream.contradiction?.contains("keeps prepared statements") == true)
                                try await two.withTransaction { connection in
                                    _ = try await connection.query("SELECT 1")
                                    let answer = try await connection.query("SELECT 5::int8").value(as: Int.self)
                                    #expect(answer == 5)
                                }
                            }
                        }
                    }
                    #expect(engine.statistics.losses == 0)
                }
            }
        }
    }
}
