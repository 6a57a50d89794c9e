import LibpqIO
import PoolCore
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    /// What one caller leaves behind must not reach the next.
    @Suite struct `The session of the next caller` {
        /// A statement that changes the session, and a query that is true when the change is still there.
        private static let changes: [(change: String, isStillThere: String)] = [
            ("SET search_path = pg_catalog", "SELECT current_setting('search_path') = 'pg_catalog'"),
            ("SET TIME ZONE 'Asia/Tokyo'", "SELECT current_setting('TimeZone') = 'Asia/Tokyo'"),
            ("SELECT set_config('work_mem', '77MB', false)", "SELECT current_setting('work_mem') = '77MB'"),
            ("SET ROLE pg_read_all_data", "SELECT current_user = 'pg_read_all_data'"),
            ("SET SESSION AUTHORIZATION pg_read_all_data", "SELECT session_user = 'pg_read_all_data'"),
            ("LISTEN somebody", "SELECT count(*) > 0 FROM pg_listening_channels()"),
            ("CREATE TEMP TABLE left_behind (n int)", "SELECT to_regclass('pg_temp.left_behind') IS NOT NULL"),
            (
                "DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1",
                "SELECT count(*) > 0 FROM pg_cursors WHERE name = 'left_behind'"
            ),
            (
                "PREPARE left_behind AS SELECT 1",
                "SELECT count(*) > 0 FROM pg_prepared_statements WHERE name = 'left_behind'"
            ),
            (
                "SELECT pg_advisory_lock(97)",
                "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 97 AND pid = pg_backend_pid()"
            ),
            (
                "DO $$ BEGIN PERFORM set_config('work_mem', '78MB', false); END $$",
                "SELECT current_setting('work_mem') = '78MB'"
            ),
        ]

        // 97
        @Test(arguments: changes.indices) func `has nothing of what was changed`(index: Int) async throws {
            let (change, isStillThere) = Self.changes[index]
            try await withEngine { engine in
                let backend = try await engine.backend()
                try await engine.withConnection { connection in
                    try await connection.execute(SQLQuery(unsafeRaw: change))
                    let isThere = try await connection.query(SQLQuery(unsafeRaw: isStillThere)).value(as: Bool.self)
                    #expect(isThere, "the change did something")
                }
                #expect(try await !engine.query(SQLQuery(unsafeRaw: isStillThere)).value(as: Bool.self))
                #expect(try await engine.backend() == backend, "on the same connection")
                #expect(engine.statistics.resets >= 1)
            }
        }

        @Test func `waits for nothing when nothing was changed`() async throws {
            try await withEngine { engine in
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TABLE IF NOT EXISTS updated (n int)")
                    try await connection.execute("INSERT INTO updated VALUES (1)")
                    try await connection.execute("UPDATE updated SET n = 2")
                    try await connection.withTransaction { connection in
                        try await connection.execute("SET LOCAL work_mem = '70MB'")
                        try await connection.execute("SET TRANSACTION READ ONLY")
                    }
                    try await connection.execute("DROP TABLE updated")
                }
                #expect(engine.statistics.resets == 0)
            }
        }

        // A lock of a session must not outlive its caller until somebody comes for the connection.
        @Test func `need not come for a lock to be let go`() async throws {
            try await withEngine { other in
                try await withEngine { engine in
                    try await engine.execute("SELECT pg_advisory_lock(98)")
                    try await eventually("the lock is free") {
                        try await other.query(
                            "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 98"
                        )
                        .value(as: Bool.self)
                    }
                }
            }
        }

        // 96
        @Test func `is as the policy says`() async throws {
            let isKept: SQLQuery = "SELECT current_setting('work_mem') = '79MB'"
            func keeps(_ policy: ResetPolicy) async throws -> Bool {
                try await withEngine({ $0.resetPolicy = policy }) { engine in
                    try await engine.execute("SET work_mem = '79MB'")
                    return try await engine.query(isKept).value(as: Bool.self)
                }
            }
            #expect(try await keeps(.rollbackOnly))
            #expect(try await !keeps(.automatic))
            #expect(try await !keeps(.discardAll))
            #expect(try await !keeps(.custom("RESET work_mem; UNLISTEN *")))
            #expect(try await keeps(.custom("UNLISTEN *")))
        }

        // 95
        @Test func `is another one when the clean-up fails or leaves a transaction open`() async throws {
            for policy in [ResetPolicy.custom("SELECT 1/0"), .custom("BEGIN")] {
                try await withEngine({ $0.resetPolicy = policy }) { engine in
                    let backend = try await engine.backend()
                    #expect(try await engine.backend() != backend)
                    #expect(engine.statistics.connects == 2)
                }
            }
        }

        @Test func `is handed over clean to somebody who waits`() async throws {
            try await withEngine { engine in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    try await engine.withConnection { connection in
                        try await connection.execute("SET work_mem = '80MB'")
                        group.addTask {
                            try await engine.query("SELECT current_setting('work_mem') = '80MB'").value(as: Bool.self)
                        }
                        try await eventually("one waits") { engine.status.waiting == 1 }
                    }
                    #expect(try await group.next() == false)
                }
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `is cleaned by the program's own hook`() async throws {
            var hooks = EngineHooks()
            hooks.reset = { connection in try await connection.execute("RESET work_mem") }
            try await using(testEngine({ _ in }, hooks)) { engine in
                try await engine.execute("SET work_mem = '81MB'")
                #expect(try await engine.query("SELECT current_setting('work_mem') <> '81MB'").value(as: Bool.self))
                #expect(engine.statistics.connects == 1)
            }
        }
    }
}

@Suite struct `Whether a statement may change the session` {
    @Test(arguments: [
        "set work_mem = '1MB'", " SET work_mem TO 1", "-- a note\nSET x = 1", "/* a note */ SET x = 1",
        "SELECT 1; SET x = 1", "LISTEN a", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "create temp table t (n int)",
        "CREATE LOCAL TEMPORARY TABLE t (n int)", "SELECT 1 INTO TEMP t", "SELECT pg_advisory_lock(1)",
        "select PG_TRY_ADVISORY_LOCK(1)", "DO 'x'", "CALL p()", "RESET ALL", "LOAD 'x'", "SET SESSION x = 1",
        "SELECT set_config('a','b',false)", "CREATE TABLE pg_temp.t (n int)", "BEGIN;SET x = 1",
    ])
    func `is seen by its words`(statement: String) {
        #expect(!StatementClassifier.classify(statement.utf8.span).traits.isDisjoint(with: .leftBehind))
    }

    @Test(arguments: [
        "", ";", "SELECT 1", "UPDATE t SET a = 1", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "SET LOCAL x = 1", "set local x = 1", "SET TRANSACTION READ ONLY", "SET CONSTRAINTS ALL DEFERRED",
        "SELECT a FROM settings", "-- SET x = 1\nSELECT 1", "/* SET x = 1 */ SELECT 1",
        "SELECT pg_advisory_xact_lock(1)", "WITH a AS (SELECT 1) SELECT * FROM a", "DELETE FROM t",
        "SELECT 'temperature'", "SELECT 'SET x = 1'", "DECLARE c CURSOR FOR SELECT 1",
        "BEGIN", "COMMIT", "SELECT offset_x FROM t",
    ])
    func `is not thought of the others`(statement: String) {
        #expect(StatementClassifier.classify(statement.utf8.span).traits.isDisjoint(with: .leftBehind))
    }
}
