import PoolCore
import Testing

@Suite struct `The statement classifier` {
    private func traits(_ text: String) -> StatementTraits { StatementClassifier.classify(text.utf8.span).traits }

    @Test(arguments: [
        "SET search_path = a", "set work_mem to '1MB'", "SET SESSION statement_timeout = 5", "SET ROLE x",
        "SET SESSION AUTHORIZATION x", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "RESET ALL",
        "RESET work_mem", "/* SELECT */ SET x.y = 1", "SELECT set_config('a.b', $1, false)",
        "SELECT pg_catalog.set_config('a.b', $1, $2)", "SELECT set_config('a.b', f(1, true), false), true",
        "SELECT 1; SET x = 1", "DO $$ BEGIN SET x = 1; END $$",
        "DO $$ BEGIN PERFORM set_config('a.b', 'c', false); END $$",
        "DO 'BEGIN IF true THEN SET x = 1; END IF; END'", "SELECT set_config('a.b', 'x', true OR false)",
        "EXPLAIN ANALYZE SELECT set_config('a', 'b', false)",
    ])
    func `knows what sets something for the session`(text: String) {
        #expect(traits(text).subtracting(.routine) == .sessionSetting)
    }

    @Test(arguments: [
        "SET TimeZone = 'UTC'", "SET TIME ZONE 'UTC'", "SET NAMES 'UTF8'", "set session application_name = 'x'",
        "RESET DateStyle",
    ])
    func `knows the settings that poolers keep`(text: String) {
        #expect(traits(text) == .reportedSetting)
    }

    @Test(arguments: [
        "SET LOCAL search_path = a", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET CONSTRAINTS ALL DEFERRED",
        "SELECT set_config('a.b', $1, true)", "SELECT set_config($1, $2, TRUE)",
        "SELECT \"set_config\"('a', (SELECT 'x, y'), 'true')",
    ])
    func `knows what lasts for a transaction`(text: String) {
        #expect(traits(text) == .localSetting)
    }

    private static let commands: [(text: String, expected: StatementTraits)] = [
        ("PREPARE p AS SELECT 1", .sqlPrepare), ("EXECUTE p(1)", .sqlPrepare),
        ("DEALLOCATE ALL", [.sqlPrepare, .deallocate]), ("EXPLAIN ANALYZE EXECUTE p", .sqlPrepare),
        ("EXPLAIN (ANALYZE, BUFFERS) EXECUTE p", .sqlPrepare), ("LISTEN c", .listen), ("UNLISTEN *", .listen),
        ("DISCARD ALL", .discard), ("LOAD 'auto_explain'", .load), ("LOCK TABLE t IN SHARE MODE", .tableLock),
        ("SELECT pg_advisory_lock(1)", .sessionAdvisoryLock),
        ("SELECT pg_try_advisory_lock_shared (1, 2)", .sessionAdvisoryLock),
        ("SELECT PG_ADVISORY_UNLOCK_ALL()", .sessionAdvisoryLock),
        ("WITH x AS (SELECT pg_advisory_unlock(1)) TABLE x", .sessionAdvisoryLock),
        ("DO $x$ BEGIN PERFORM pg_advisory_lock(1); END $x$", [.routine, .sessionAdvisoryLock]),
        ("DO $$ DECLARE n int; BEGIN EXECUTE 'SELECT 1'; END $$", .routine), ("CALL p(1)", .routine),
        ("SELECT setseed(0.5)", .sessionFunction), ("SELECT dblink_connect('x')", .sessionFunction),
        ("CREATE TEMP TABLE t (a int)", .temporaryObject),
        ("CREATE LOCAL TEMPORARY TABLE t AS SELECT 1", .temporaryObject),
        ("CREATE OR REPLACE TEMP VIEW v AS SELECT 1", .temporaryObject), ("CREATE TEMP SEQUENCE s", .temporaryObject),
        ("CREATE TABLE pg_temp.t (a int)", .temporaryObject),
        ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", .temporaryObject),
        ("SELECT 1 AS a INTO pg_temp.t", .temporaryObject), ("SELECT 1 INTO TEMP t", .temporaryObject),
        ("SELECT a INTO LOCAL TEMPORARY TABLE t FROM b", .temporaryObject),
        ("CREATE TEMP TABLE t (a int) ON COMMIT PRESERVE ROWS", .temporaryObject),
        ("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1", .temporaryObjectOfTransaction),
        ("DECLARE c CURSOR FOR SELECT 1", .cursor), ("DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR SELECT 1", .cursor),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", [.cursor, .holdCursor]),
        ("DECLARE c CURSOR FOR WITH hold AS (SELECT 1) TABLE hold", .cursor),
        ("SELECT nextval('s')", .sequence), ("INSERT INTO t VALUES (nextval('s'::regclass))", .sequence),
        ("SELECT setval('s', 1)", .sequence), ("SELECT currval('s'), lastval()", .sequenceMemory),
        ("CREATE TABLE t AS SELECT nextval('s')", .sequence),
        ("SELECT pg_terminate_backend(1)", .endsBackends),
        ("BEGIN", .transactionControl), ("START TRANSACTION READ ONLY", .transactionControl),
        ("COMMIT", .transactionControl),
        ("ROLLBACK TO SAVEPOINT x", .transactionControl), ("SAVEPOINT x", .transactionControl),
        ("SELECT nextval('s'); LISTEN x", [.sequence, .listen]),
    ]

    @Test(arguments: commands)
    func `knows what else stays in a session`(text: String, expected: StatementTraits) {
        #expect(traits(text) == expected, "\(text)")
    }

    @Test(arguments: [
        ("SELECT 1", true), ("with a as (select 1) select * from a", true), ("INSERT INTO t VALUES (1)", true),
        ("UPDATE t SET a = 1", true), ("DELETE FROM t", true), ("VALUES (1)", true), ("TABLE t", true),
        ("/* a note */ SELECT 1", true), ("CALL p()", false), ("VACUUM t", false), ("COPY t FROM STDIN", false),
        ("CREATE TABLE t AS SELECT 1", false), ("SELECT 1; SELECT 2", false), ("EXPLAIN SELECT 1", false), ("", false),
        ("SHOW work_mem", false), ("CREATE INDEX CONCURRENTLY i ON t (a)", false),
    ])
    func `knows what the server plans`(text: String, isPlanned: Bool) {
        #expect(StatementClassifier.classify(text.utf8.span).isPlanned == isPlanned, "\(text)")
    }

    @Test(arguments: [
        "SELECT 'SET x = 1'", "SELECT $$ LISTEN $$", "SELECT 1 -- ; SET x = 1", "SELECT 1 /* ; LISTEN a */",
        "UPDATE t SET x = 1", "ALTER ROLE r SET work_mem = '1MB'", "ALTER TABLE t ALTER a SET DEFAULT nextval('s')",
        "CREATE FUNCTION f() RETURNS int SET work_mem = '1MB' LANGUAGE sql AS $$ SELECT 1 $$",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT nextval('s'); END",
        "CREATE TABLE t (id int DEFAULT nextval('s'))", "CREATE VIEW v AS SELECT nextval('s')",
        "SELECT nextval FROM t", "SELECT t.\"SET\" FROM t", "INSERT INTO temp VALUES (1)", "SELECT * INTO temp FROM x",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "SELECT pg_advisory_xact_lock(1)", "NOTIFY c, 'LISTEN'",
        "SELECT execute, prepare, listen FROM commands", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'",
        "", ";;", "SELECT \"PG_ADVISORY_LOCK\"(1)",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x", "TABLE temp",
        "GRANT USAGE ON SEQUENCE s TO r", "SELECT a FROM t WHERE b = 'nextval(' AND c > $1",
    ])
    func `does not take a word for a command`(text: String) {
        #expect(traits(text) == [], "\(text)")
    }

    @Test func `counts the bytes of a text`() {
        let limit = StatementTraits.multiplexedTextSize
        #expect(traits("SELECT '" + String(repeating: "x", count: limit - 9) + "'") == [])
        #expect(traits("SELECT '" + String(repeating: "x", count: limit - 8) + "'") == .oversized)
    }

    @Test func `takes texts that differ in literals only for the same statement`() {
        func fingerprint(_ text: String) -> SQLHash { StatementClassifier.classify(text.utf8.span).fingerprint }
        let one = fingerprint("SELECT a FROM t WHERE id = 1 AND name = 'x'")
        #expect(one == fingerprint("select a  from T /* why */ where id = 23 and name = $$y$$"))
        #expect(one != fingerprint("SELECT b FROM t WHERE id = 1 AND name = 'x'"))
        #expect(fingerprint("SET a = 1") != fingerprint("SET b = 1"))
        #expect(fingerprint("SELECT \"A\"") != fingerprint("SELECT \"a\""))
    }
}
