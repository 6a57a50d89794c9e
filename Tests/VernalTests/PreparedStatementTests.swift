import LibpqIO
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A statement that comes again` {
        private static func preparing(_ configuration: inout EngineConfiguration) {
            configuration.statementCacheSize = 64
        }

        /// What the server has prepared for the engine.
        private static func prepared(_ connection: inout PostgresConnection) async throws -> [String] {
            try await connection.query(
                "SELECT statement FROM pg_prepared_statements WHERE name LIKE 'vernal%' ORDER BY prepare_time"
            ).decode(String.self)
        }

        @Test func `is prepared at the second time, in the same round trip`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.upstream = .direct
                        $0.statementCacheSize = 64
                    }
                ) { engine in
                    _ = try await engine.query("SELECT 0")
                    for number in 1...4 {
                        let before = proxy.counts.roundTrips
                        let answer = try await engine.query("SELECT \(number)::int4 + 1").value(as: Int.self)
                        #expect(answer == number + 1)
                        #expect(proxy.counts.roundTrips == before + 1)
                    }
                    let texts = try await engine.withConnection { try await Self.prepared(&$0) }
                    #expect(texts == ["SELECT $1::int4 + 1"])
                }
            }
        }

        @Test func `is run anew when its table has changed, or the server has forgotten it`() async throws {
            try await withEngine(Self.preparing) { engine in
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TEMP TABLE shape (a int8)")
                    try await connection.execute("INSERT INTO shape VALUES (1)")
                    for _ in 0..<3 { _ = try await connection.query("SELECT * FROM shape") }
                    try await connection.execute("ALTER TABLE shape ADD COLUMN b int8")
                    let wider = try await connection.query("SELECT * FROM shape")
                    #expect(wider.columns.count == 2)
                    for _ in 0..<3 { _ = try await connection.query("SELECT * FROM shape") }
                    try await connection.link.command("DEALLOCATE ALL", until: nil)
                    for _ in 0..<3 {
                        let rows = try await connection.query("SELECT * FROM shape")
                        #expect(rows.count == 1)
                    }
                }
            }
        }

        @Test func `of which the server knows nothing ends its transaction, and nothing more`() async throws {
            try await withEngine(Self.preparing) { engine in
                try await engine.withConnection { connection in
                    for _ in 0..<2 { _ = try await connection.query("SELECT 7") }
                    let error = await #expect(throws: VernalError.self) {
                        try await connection.withTransaction { connection in
                            _ = try await connection.query("SELECT 1")
                            try await connection.link.command("DEALLOCATE ALL", until: nil)
                            _ = try await connection.query("SELECT 7")
                        }
                    }
                    #expect(error?.sqlState?.rawValue == "26000")
                    for _ in 0..<3 {
                        let rows = try await connection.query("SELECT 7")
                        #expect(rows.count == 1)
                    }
                }
            }
        }

        @Test func `is prepared anew after the program has told the server to forget`() async throws {
            try await withEngine(Self.preparing) { engine in
                try await engine.withConnection { connection in
                    for command in ["DEALLOCATE ALL", "DISCARD ALL"] {
                        for _ in 0..<3 { _ = try await connection.query("SELECT 8") }
                        try await connection.execute(SQLQuery(unsafeRaw: command))
                        // In a transaction there is no second try.
                        try await connection.withTransaction { connection in
                            for _ in 0..<3 { _ = try await connection.query("SELECT 8") }
                        }
                    }
                }
                // What the pool cleans is forgotten as well.
                try await engine.execute("SET work_mem = '77MB'")
                try await engine.withTransaction { connection in
                    for _ in 0..<3 { _ = try await connection.query("SELECT 8") }
                }
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `may fail each time it is run`() async throws {
            try await withEngine(Self.preparing) { engine in
                for _ in 0..<4 {
                    let error = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1 / \(0)") }
                    #expect(error?.sqlState?.rawValue == "22012")
                    let wrong = await #expect(throws: VernalError.self) { try await engine.query("SELEC 1") }
                    #expect(wrong?.sqlState?.rawValue == "42601")
                }
                let answer = try await engine.query("SELECT 1 / \(1)").value(as: Int.self)
                #expect(answer == 1)
                let texts = try await engine.withConnection { try await Self.prepared(&$0) }
                #expect(texts == ["SELECT 1 / $1"], "it is prepared once, though it fails")
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `takes parameters of other types`() async throws {
            try await withEngine(Self.preparing) { engine in
                for _ in 0..<3 {
                    let whole = try await engine.query("SELECT (\(5) + 0)::text").value(as: String.self)
                    let part = try await engine.query("SELECT (\(2.5) + 0)::text").value(as: String.self)
                    #expect((whole, part) == ("5", "2.5"))
                }
            }
        }

        @Test func `is not run twice by an error that comes from within it`() async throws {
            try await withEngine(Self.preparing) { engine in
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TEMP SEQUENCE calls")
                    try await connection.execute("CREATE TEMP TABLE kept (n int8)")
                    let failure = "RAISE EXCEPTION 'no' USING ERRCODE = '0A000'"
                    for (kind, result, commit) in [("FUNCTION", "RETURNS int8", ""), ("PROCEDURE", "", "COMMIT;")] {
                        let definition = """
                            CREATE \(kind) pg_temp.called() \(result) LANGUAGE plpgsql AS \
                            $$ BEGIN INSERT INTO kept VALUES (nextval('calls')); \(commit) \(failure); END $$
                            """
                        try await connection.execute(SQLQuery(unsafeRaw: definition))
                        let call = kind == "FUNCTION" ? "SELECT pg_temp.called()" : "CALL pg_temp.called()"
                        for _ in 0..<4 {
                            let error = await #expect(throws: VernalError.self) {
                                try await connection.execute(SQLQuery(unsafeRaw: call))
                            }
                            #expect(error?.sqlState?.rawValue == "0A000")
                        }
                        try await connection.execute(SQLQuery(unsafeRaw: "DROP \(kind) pg_temp.called"))
                    }
                    let calls = try await connection.query("SELECT last_value FROM calls").value(as: Int.self)
                    #expect(calls == 8)
                    let kept = try await connection.query("SELECT count(*) FROM kept").value(as: Int.self)
                    #expect(kept == 4, "what the procedure has committed, once each")
                }
            }
        }

        @Test func `may be one that runs alone, however much there is to forget`() async throws {
            try await withEngine {
                $0.statementCacheSize = 2
            } _: { engine in
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TABLE IF NOT EXISTS swept (n int)")
                    for round in 0..<4 {
                        for number in 0..<3 {
                            let text = SQLQuery(unsafeRaw: "SELECT \(number) AS round\(round)")
                            for _ in 0..<2 { _ = try await connection.query(text) }
                        }
                        for _ in 0..<2 { try await connection.execute("VACUUM swept") }
                    }
                    try await connection.execute("DROP TABLE swept")
                }
            }
        }

        @Test func `makes room for others when there are too many`() async throws {
            try await withEngine {
                $0.statementCacheSize = 3
            } _: { engine in
                try await engine.withConnection { connection in
                    for number in 0..<20 {
                        for _ in 0..<3 { _ = try await connection.query(SQLQuery(unsafeRaw: "SELECT \(number) AS n")) }
                    }
                    let count = try await Self.prepared(&connection).count
                    // One that was given up last is forgotten by the server with the next that it prepares.
                    #expect((2...4).contains(count), "\(count)")
                }
            }
        }

        @Test func `is not prepared when that is turned off`() async throws {
            try await withEngine {
                $0.statementCacheSize = 0
            } _: { engine in
                try await engine.withConnection { connection in
                    for _ in 0..<4 { _ = try await connection.query("SELECT 9") }
                    let texts = try await Self.prepared(&connection)
                    #expect(texts.isEmpty)
                }
            }
        }
    }
}
