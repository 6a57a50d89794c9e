import Foundation
import LibpqIO
import Testing
import Vernal
import VernalTestKit

private enum Mood: String, PostgresCodable, CaseIterable { case happy, sad = "so sad" }
private enum Level: Int16, PostgresCodable { case low = 1, high = 2 }

@Suite
struct TypesTextAndArrayTests {
    let server: TypesTestServer

    init() async throws { server = try await TypesTestServer() }

    @Test(arguments: [
        "4714-11-24 00:00:00+00 BC", "0044-03-15 12:34:56.5+00 BC", "1875-03-15 12:34:56.000001+00",
        "0001-12-31 23:59:59+00 BC",
        "0001-01-01 00:00:00+00", "1582-10-15 00:00:00+00", "1900-02-28 23:59:59.999999+00", "1969-12-31 23:59:59.5+00",
        "1970-01-01 00:00:00+00", "2000-02-29 00:00:00+00", "2024-02-29 12:34:56.789012+00", "2099-12-31 23:59:59.9+00",
        "9999-12-31 23:59:59+00", "10000-01-01 00:00:00+00", "294276-12-31 23:59:59+00",
    ])
    func `times keep their microseconds`(text: String) async throws {
        let row = try await server.query(
            "SELECT x, x::text, extract(epoch FROM x)::text FROM (SELECT \(text)::timestamptz x) q"
        )
        .single()
        #expect(try row[1, as: String.self] == text)
        #expect(try row[0, as: String.self] == text)
        let date = try row[0, as: Date.self]
        let epoch = try #require(Double(try row[2, as: String.self]))
        #expect(abs(date.timeIntervalSince1970 - epoch) < 0.0000005 * max(1, abs(epoch) / 1e9))
        try await server.roundTrip(date, "timestamptz", prints: text)
        let local = text.replacing("+00", with: "")
        for binary in [true, false] {
            let plain = try await server.query("SELECT \(local)::timestamp, \(local)::timestamp::date", binary: binary)
                .single()
            #expect(try plain[0, as: Date.self] == date)
            #expect(try plain[0, as: String.self] == local)
            let midnight = (date.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400
            #expect(try plain[1, as: Date.self].timeIntervalSince1970 == midnight)
        }
    }

    @Test func `text in any time zone is the same moment`() async throws {
        for zone in ["Asia/Kolkata", "America/St_Johns", "Africa/Monrovia", "UTC"] {
            _ = try await server.query("SELECT set_config('TimeZone', \(zone), false)")
            for text in ["1960-06-01 00:00:00.25+00", "2024-01-01 00:00:00+00", "0001-01-01 00:00:00+00"] {
                let binary = try await server.query("SELECT \(text)::timestamptz").value(as: Date.self)
                let printed = try await server.query("SELECT \(text)::timestamptz", binary: false).value(as: Date.self)
                #expect(binary == printed, "\(zone)")
            }
        }
    }

    @Test func `infinite and impossible times are errors`() async throws {
        for type in ["timestamptz", "timestamp", "date"] {
            for text in ["infinity", "-infinity"] {
                for binary in [true, false] {
                    let row = try await server.query("SELECT \(text)::\(unsafeRaw: type)", binary: binary).single()
                    #expect(try VernalError.thrown { _ = try row[0, as: Date.self] }.description.contains("infinite"))
                    #expect(try row[0, as: String.self] == text)
                }
            }
        }
        for interval in [Double.nan, .infinity, -.infinity, 1e13, -1e13] {
            let query: SQLQuery = "\(Date(timeIntervalSinceReferenceDate: interval))"
            #expect(throws: VernalError.self) { try query.validated() }
        }
    }

    @Test(
        arguments: [
            (
                "interval",
                [
                    "0", "1 year 2 mons 3 days 04:05:06.789", "-1 year", "-1 mon 1 day -00:00:01", "1 mon -1 day 1 sec",
                    "25:00:00", "-0.000001 sec", "1 day", "2 days", "178000000 years", "-1 year -2 mon +3 days -4 hour",
                    "1 mon",
                ]
            ),
            ("time", ["00:00", "24:00", "12:34:56.789", "23:59:59.999999"]),
            ("timetz", ["00:00+00", "12:34:56.7-08", "12:00+05:30", "12:00+00:00:01", "24:00-15:59:59"]),
            (
                "inet",
                [
                    "10.0.0.1", "10.0.0.1/8", "255.255.255.255/32", "::1", "::", "2001:db8::1/64", "::ffff:1.2.3.4",
                    "::1.2.3.4", "1:0:0:2:0:0:0:3", "1:2:3:4:5:6:7:8", "0:1:0:1:0:1:0:1", "fe80::", "::0.0.255.255",
                    "::abcd/16",
                ]
            ),
            ("cidr", ["10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32", "::/0", "::1/128"]),
            ("macaddr", ["08:00:2b:01:02:03"]), ("macaddr8", ["08:00:2b:01:02:03:04:05"]),
            ("bit(3)", ["101"]), ("varbit", ["", "1", "101010101", "00000000"]),
            ("oid", ["0", "4294967295"]), ("bytea", ["", "\\x00ff10"]), ("bool", ["true", "false"]),
            ("numeric", ["0.00", "1.2300", "-0.05", "100000000.0001", "1e-20", "12345678901234567890.5"]),
            ("float8", ["1e15", "1e-5", "123456.789", "1e14", "1.5e300", "0.0001"]),
            ("float4", ["1e6", "1e5", "999999", "0.1", "1e-5"]), ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
            ("date", ["2024-02-29", "0044-03-15 BC", "5874897-12-31", "4714-11-24 BC", "10000-01-01"]),
            ("timestamp", ["2024-02-29 01:02:03.04", "infinity"]), ("\"char\"", ["", "x"]), ("name", ["abc"]),
            ("jsonb", ["[1, 2]", "\"é\""]), ("refcursor", ["abc"]),
        ] as [(String, [String])]
    )
    func `other types are read as the text that PostgreSQL prints`(type: String, values: [String]) async throws {
        for value in values {
            let query: SQLQuery = "SELECT \(value)::\(unsafeRaw: type)"
            let printed = try await server.query(query, binary: false).value(as: String.self)
            #expect(try await server.query(query).value(as: String.self) == printed, "\(type) \(value)")
        }
    }

    @Test(arguments: [
        "point(1,2)", "'[1,2)'::int4range", "'1'::money", "row(1,2)", "ARRAY[1]", "'a'::tsvector",
        "'pg_class'::regclass",
    ])
    func `a type without a text of ours asks for a cast`(expression: String) async throws {
        let row = try await server.query("SELECT \(unsafeRaw: expression) AS x, (\(unsafeRaw: expression))::text")
            .single()
        let error = try VernalError.thrown { _ = try row[0, as: String.self] }
        #expect(error.description.contains("::text"))
        #expect(error.description.contains("\"x\""))
        _ = try row[1, as: String.self]
        #expect(
            try await server.query("SELECT \(unsafeRaw: expression)", binary: false).single()[0, as: String?.self]
                != nil
        )
    }

    @Test func `types that users define`() async throws {
        _ = try await server.query("DROP TYPE IF EXISTS vernal_types_mood, vernal_types_pair CASCADE")
        _ = try await server.query("CREATE TYPE vernal_types_mood AS ENUM ('happy', 'so sad')")
        _ = try await server.query("CREATE TYPE vernal_types_pair AS (a int, b text)")
        for mood in Mood.allCases { try await server.roundTrip(mood, "vernal_types_mood", prints: mood.rawValue) }
        #expect(
            try await server.query("SELECT \([Mood.sad, .happy])::vernal_types_mood[]").value(as: [Mood].self) == [
                .sad, .happy,
            ]
        )
        #expect(try await server.query("SELECT \(Mood.sad)::vernal_types_mood").value(as: String.self) == "so sad")
        let pair = try await server.query("SELECT (1, 'x')::vernal_types_pair AS p").single()
        let error = try VernalError.thrown { _ = try pair["p", as: String.self] }
        #expect(error.description.contains("::text"))
        #expect(error.description.contains("oid "))
        try await server.roundTrip(Level.high, "int2")
        let unknown = try await server.query("SELECT 's3cret'::text AS m, 3::int2 AS l").single()
        #expect(
            try VernalError.thrown { _ = try unknown["m", as: Mood.self] }.description.contains("raw value of Mood")
        )
        #expect(try !VernalError.thrown { _ = try unknown["m", as: Mood.self] }.description.contains("s3cret"))
        #expect(throws: VernalError.self) { try unknown["l", as: Level.self] }
        _ = try await server.query("DROP TYPE vernal_types_mood, vernal_types_pair CASCADE")
    }

    @Test func `arrays of everything, with NULL elements`() async throws {
        try await server.roundTrip([Int](), "int8[]", prints: "{}")
        try await server.roundTrip([1, nil, -3], "int8[]", prints: "{1,NULL,-3}")
        try await server.roundTrip([Int32.min, .max], "int4[]")
        try await server.roundTrip([Int16.min, .max], "int2[]")
        try await server.roundTrip([true, nil, false], "bool[]")
        try await server.roundTrip([1.5, .infinity], "float8[]")
        try await server.roundTrip([Float(1.5)], "float4[]")
        try await server.roundTrip([Decimal(string: "1.25"), nil], "numeric[]")
        try await server.roundTrip([UUID(), UUID()], "uuid[]")
        try await server.roundTrip([Date(timeIntervalSince1970: 1.5)], "timestamptz[]")
        try await server.roundTrip(["", "NULL", "null", nil, "a,b", "{x}", "\"q\" \\ ", " sp ", "é👍", "\n"], "text[]")
        try await server.roundTrip([String](), "text[]", prints: "{}")
        try await server.roundTrip([String?.none], "text[]", prints: "{NULL}")
        try await server.roundTrip([Data([0, 1]), Data()], "bytea[]")
        try await server.roundTrip([PostgresJSON([1]), PostgresJSON([])], "jsonb[]")
        try await server.roundTrip(Array(0..<100_000), "int8[]")
        try await server.roundTrip((0..<10_000).map { "text \($0)" }, "text[]")
        #expect(try await server.query("SELECT '[0:2]={1,2,3}'::int[]").value(as: [Int].self) == [1, 2, 3])
        #expect(
            try await server.query("SELECT '[0:2]={1,2,3}'::int[]", binary: false).value(as: [Int].self) == [1, 2, 3]
        )
        #expect(
            try await server.query("SELECT '{10.0.0.1,::1}'::inet[]").value(as: [String].self) == ["10.0.0.1", "::1"]
        )
        for binary in [true, false] {
            let row = try await server.query("SELECT '{{1,2},{3,4}}'::int[], '{1,NULL}'::int[], 5", binary: binary)
                .single()
            #expect(try VernalError.thrown { _ = try row[0, as: [Int].self] }.description.contains("one dimension"))
            #expect(try VernalError.thrown { _ = try row[1, as: [Int].self] }.description.contains("NULL"))
            #expect(throws: VernalError.self) { try row[2, as: [Int].self] }
        }
    }

    @Test func `JSON of any kind`() async throws {
        struct Payload: Codable, Equatable {
            var name: String
            var at: Date
            var tags: [String]?
        }
        let payload = Payload(name: "x\"é", at: Date(timeIntervalSince1970: 1_700_000_000.25), tags: ["a"])
        for binary in [true, false] {
            let row = try await server.query(
                "SELECT \(json: payload), \(json: payload)::json, \(json: payload)->>'at'",
                binary: binary
            ).single()
            #expect(try row[0, as: PostgresJSON<Payload>.self].value == payload)
            #expect(try row[1, as: PostgresJSON<Payload>.self].value == payload)
            #expect(try row[2, as: String.self] == "2023-11-14T22:13:20.25Z")
        }
        let written = try await server.query(
            "SELECT to_jsonb(q) FROM (SELECT 'x' AS name, now() AS at, now() AS now) q"
        )
        .single()
        let now = try await server.query("SELECT now()").value(as: Date.self)
        #expect(try abs(written[0, as: PostgresJSON<Payload>.self].value.at.timeIntervalSince(now)) < 60)
        let bad = try await server.query("SELECT '{\"name\": \"s3cret\"}'::jsonb AS j").single()
        let error = try VernalError.thrown { _ = try bad["j", as: PostgresJSON<Payload>.self] }
        #expect(error.underlying is DecodingError)
        #expect(!error.description.contains("s3cret"))
    }

    @Test func `random values survive the way to the server and back`() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let micros = Int64.random(in: -63_000_000_000_000_000...63_000_000_000_000_000, using: &generator)
            let date = Date(timeIntervalSinceReferenceDate: Double(micros / 1000) / 1000)
            let double = Double(bitPattern: generator.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            let exponent = Int.random(in: -60...40, using: &generator)
            let sign: FloatingPointSign = Bool.random(using: &generator) ? .plus : .minus
            let decimal = Decimal(sign: sign, exponent: exponent, significand: Decimal(generator.next()))
            let scalars = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                Character(Unicode.Scalar(UInt32.random(in: 1...0xD7FF, using: &generator)) ?? "x")
            }
            let text = String(scalars)
            let row = try await server.query(
                """
                SELECT \(date), \(double), \(float), \(decimal), \(text), \(double)::text, \(float)::text, \(decimal)::text,
                    \(date)::text, \([text, text])::text[], make_interval(secs => \(Double(micros) / 1e6))::text,
                    make_interval(secs => \(Double(micros) / 1e6)), \(double), \(float), \(decimal), \(date)
                """
            ).single()
            let comment = Comment("seed \(seed)")
            #expect(try row[0, as: Date.self] == date, comment)
            #expect(try row[1, as: Double.self].bitPattern == double.bitPattern || double.isNaN, comment)
            #expect(try row[2, as: Float.self].bitPattern == float.bitPattern || float.isNaN, comment)
            #expect(try row[3, as: Decimal.self] == decimal, comment)
            #expect(try row[4, as: String.self] == text, comment)
            #expect(try row[9, as: [String].self] == [text, text], comment)
            #expect(try row[11, as: String.self] == row[10, as: String.self], comment)
            let (ourDouble, theirDouble) = try (row[12, as: String.self], row[5, as: String.self])
            #expect(
                ourDouble == theirDouble
                    || ourDouble.count < theirDouble.count && Double(ourDouble) == Double(theirDouble),
                comment
            )
            let (ours, theirs) = try (row[13, as: String.self], row[6, as: String.self])
            // In rare cases PostgreSQL prints one digit more than needed.
            #expect(ours == theirs || ours.count < theirs.count && Float(ours) == Float(theirs), comment)
            #expect(try row[14, as: String.self] == row[7, as: String.self], comment)
            #expect(try row[15, as: String.self] == row[8, as: String.self], comment)
        }
    }
}
