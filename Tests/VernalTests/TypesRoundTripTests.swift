import Foundation
import LibpqIO
import Testing
import Vernal

@Suite
struct TypesRoundTripTests {
    let server: TypesTestServer

    init() async throws { server = try await TypesTestServer() }

    @Test func `integers keep their extremes`() async throws {
        for value in [Int.min, -1, 0, 1, Int.max] { try await server.roundTrip(value, "int8", prints: "\(value)") }
        for value in [Int64.min, 0, Int64.max] { try await server.roundTrip(value, "int8", prints: "\(value)") }
        for value in [Int32.min, -1, 0, Int32.max] { try await server.roundTrip(value, "int4", prints: "\(value)") }
        for value in [Int16.min, -1, 0, Int16.max] { try await server.roundTrip(value, "int2", prints: "\(value)") }
        for value in [Int8.min, Int8.max] { try await server.roundTrip(value, "int2", prints: "\(value)") }
        for value in [UInt8.min, UInt8.max] { try await server.roundTrip(value, "int2", prints: "\(value)") }
        for value in [UInt16.min, UInt16.max] { try await server.roundTrip(value, "int4", prints: "\(value)") }
        for value in [UInt32.min, UInt32.max] { try await server.roundTrip(value, "int8", prints: "\(value)") }
        for value in [UInt64.min, UInt64(Int64.max)] { try await server.roundTrip(value, "int8", prints: "\(value)") }
        for value in [UInt.min, UInt(Int64.max)] { try await server.roundTrip(value, "int8", prints: "\(value)") }
    }

    @Test func `values of every size arrive beside each other`() async throws {
        for size in 0...60 {
            let text = String(repeating: "é", count: size / 2) + (size % 2 == 0 ? "" : "x")
            let bytes = [UInt8](repeating: UInt8(size), count: size)
            let answer = try await server.query(
                "SELECT \(size), \(text)::text, \(Int16(size)), \(bytes), \(nil)::text, \([size, nil]), \([text])::text[], \(Int32(-1))"
            ).single().decode((Int, String, Int16, [UInt8], String?, [Int?], [String], Int32).self)
            #expect(answer.0 == size && answer.1 == text && answer.2 == size && answer.3 == bytes)
            #expect(answer.4 == nil && answer.5 == [size, nil] && answer.6 == [text] && answer.7 == -1)
        }
    }

    @Test func `an integer of more than 64 bits is written whole`() async throws {
        struct Wide: PostgresEncodable {
            static var postgresType: PostgresType { .uuid }
            func encode(into encoder: inout PostgresEncoder) {
                encoder.append(0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF as UInt128)
            }
        }
        let text = try await server.query("SELECT \(Wide())::text").value(as: String.self)
        #expect(text == "00112233-4455-6677-8899-aabbccddeeff")
    }

    @Test func `integers are read wider without a cast, and narrower if they fit`() async throws {
        let row = try await server.query("SELECT 7::int2, 8::int4, 9::int8, 4294967295::oid, -1::int4, 40000::int8")
            .single()
        for index in 0..<3 { #expect(try row[index, as: Int.self] == 7 + index) }
        for index in 0..<3 { #expect(try row[index, as: UInt8.self] == 7 + UInt8(index)) }
        #expect(try row[3, as: Int.self] == 4_294_967_295)
        #expect(try row[3, as: UInt32.self] == .max)
        #expect(try VernalError.thrown { _ = try row[4, as: UInt.self] }.description.contains("out of range"))
        #expect(try VernalError.thrown { _ = try row[5, as: Int16.self] }.description.contains("out of range"))
    }

    @Test func `parameters have the types that people expect`() async throws {
        let types = try await server.query(
            """
            SELECT unnest(array[pg_typeof(\(5)), pg_typeof(\(Int32(5))), pg_typeof(\(Int16(5))), pg_typeof(\(1.5)),
                pg_typeof(\(Float(1.5))), pg_typeof(\(true)), pg_typeof(\(UUID())), pg_typeof(\(Date())),
                pg_typeof(\(Decimal(1))), pg_typeof(\([UInt8]())), pg_typeof(\(Data())), pg_typeof(\([1])),
                pg_typeof(\([1, nil])), pg_typeof(\(json: 1)), pg_typeof(\([Date()])), pg_typeof(\([[UInt8]]()))])::text
            """
        ).decode(String.self)
        #expect(
            types == [
                "bigint", "integer", "smallint", "double precision", "real", "boolean", "uuid",
                "timestamp with time zone",
                "numeric", "bytea", "bytea", "bigint[]", "bigint[]", "jsonb", "timestamp with time zone[]", "bytea[]",
            ]
        )
    }

    @Test func `the table of types is the server's`() async throws {
        let types = try await server.query(
            """
            SELECT oid, typname, typarray FROM pg_type
            WHERE typarray <> 0 AND oid < 10000 AND typtype IN ('b', 'r', 'm')
            """
        ).decode((UInt32, String, UInt32).self)
        #expect(types.count > 50)
        for (oid, name, array) in types {
            let type = PostgresType(oid: oid)
            #expect(type.name == name)
            #expect(type.arrayType == PostgresType(oid: array))
            #expect(PostgresType(oid: array).elementType == type)
            #expect(PostgresType(oid: array).name == name + "[]")
        }
        #expect(PostgresType(oid: 99_999).name == "oid 99999")
    }

    @Test func `parameters fit where people put them`() async throws {
        _ = try await server.query("SELECT pg_sleep(\(1) / 1000.0)")
        #expect(try await server.query("SELECT generate_series(1, \(3)) LIMIT \(2)").decode(Int.self) == [1, 2])
        #expect(try await server.query("SELECT \(5)").value(as: Int.self) == 5)
        #expect(try await server.query("SELECT \("x")").value(as: String.self) == "x")
        #expect(try await server.query("SELECT make_interval(secs => \(1.5))").value(as: String.self) == "00:00:01.5")
        #expect(try await server.query("SELECT 2::int4 = ANY(\([1, 2, 3]))").value(as: Bool.self))
        #expect(try await server.query("SELECT 'a'::text = ANY(\(["a", "b"]))").value(as: Bool.self))
        #expect(try await server.query("SELECT gen_random_uuid() = \(UUID().uuidString)").value(as: Bool.self) == false)
        let id = UUID()
        #expect(try await server.query("SELECT \(id)::uuid = ANY(\([id.uuidString]))").value(as: Bool.self))
        #expect(try await server.query("SELECT '10.0.0.1'::inet = \("10.0.0.1")").value(as: Bool.self))
        #expect(try await server.query("SELECT '2024-01-02'::date = \("2024-01-02")").value(as: Bool.self))
        #expect(try await server.query("SELECT 'price: ' || \("5")").value(as: String.self) == "price: 5")
        #expect(try await server.query("SELECT 'abc' LIKE \("a%")").value(as: Bool.self))
        #expect(try await server.query("SELECT 3::int2 = \(3) AND 3::numeric = \(3)").value(as: Bool.self))
        #expect(try await server.query("SELECT left('hello', \(2)::int)").value(as: String.self) == "he")
        #expect(try await server.query("SELECT unnest(\(["a", "b"])::text[])").decode(String.self) == ["a", "b"])
        _ = try await server.query(
            "CREATE TEMP TABLE t (a int2, b int4, c real, d numeric, e date, f varchar(5), g json)"
        )
        _ = try await server.query(
            """
            INSERT INTO t VALUES (\(1), \(2), \(1.5), \(2.5), \(Date(timeIntervalSince1970: 0)), \("abc"), \(json: [1]))
            """
        )
        let row = try await server.query("SELECT * FROM t WHERE a = \(1) AND b = \(2) AND f = \("abc")").single()
        let (a, b, c, d, e, f, g): (Int, Int, Float, Decimal, Date, String, PostgresJSON<[Int]>) = try row.decode()
        #expect((a, b, c, d, f) == (1, 2, 1.5, 2.5, "abc"))
        #expect(e == Date(timeIntervalSince1970: 0))
        #expect(g.value == [1])
    }

    @Test func `Booleans and NULL`() async throws {
        try await server.roundTrip(true, "bool", prints: "true")
        try await server.roundTrip(false, "bool", prints: "false")
        #expect(try await server.query("SELECT \(nil)::text").value(as: String?.self) == nil)
        #expect(try await server.query("SELECT \(Int?.none)").value(as: Int?.self) == nil)
        #expect(try await server.query("SELECT \(Int?.some(3))").value(as: Int?.self) == 3)
    }

    @Test func `floating-point numbers keep every bit`() async throws {
        let doubles: [Double] = [
            0, -0.0, 1, 0.1, 1e15, 123_456_789_012_345, 1e-5, 0.0001, 1e100, .greatestFiniteMagnitude,
            .leastNonzeroMagnitude, .infinity, -.infinity, .pi,
        ]
        for value in doubles {
            try await server.roundTrip(value, "float8")
            let (x, text): (String, String) = try await server.query("SELECT x, x::text FROM (SELECT \(value) x) q")
                .single()
                .decode()
            #expect(x == text)
        }
        let floats: [Float] = [
            0, -0.0, 0.1, 1e5, 1e6, 1e7, 123_456, 1_234_567, 1e-5, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            .infinity, -.infinity, 16_777_216,
        ]
        for value in floats {
            try await server.roundTrip(value, "float4")
            let (x, text): (String, String) = try await server.query("SELECT x, x::text FROM (SELECT \(value) x) q")
                .single()
                .decode()
            #expect(x == text)
            #expect(try await server.query("SELECT \(value)").value(as: Double.self) == Double(value))
        }
        #expect(try await server.query("SELECT \(Double.nan)").value(as: Double.self).isNaN)
        #expect(try await server.query("SELECT \(Float.nan)").value(as: Float.self).isNaN)
        #expect(try await server.query("SELECT \(Double.nan)").value(as: String.self) == "NaN")
        #expect(try await server.query("SELECT -0.0::float8", binary: false).value(as: Double.self) == 0)
    }

    @Test(arguments: [
        "0", "1", "-1", "0.1", "-0.1", "1.50", "10000", "9999", "0.0001", "0.00001", "123456789.987654321", "1e20",
        "12345678901234567890123456789012345678", "-12345678901234567890.123456789012345678",
        "0.00000000000000000000000000000000000001", "99999999999999999999999999999999999999", "100000000", "1000000.00",
        "1e100", "1e127", "1e130", "1e-100", "-0.5000", "340282366920938463463374607431768211455",
        "18446744073709551616",
        "1e-127", "-1e-128", "12e128", "-340282366920938463463374607431768211455e100",
    ])
    func `every digit of a Decimal arrives`(text: String) async throws {
        let row = try await server.query("SELECT x, x::text FROM (SELECT \(text)::numeric x) q").single()
        let printed = try row[1, as: String.self]
        let value = try row[0, as: Decimal.self]
        #expect(value == Decimal(string: printed))
        #expect(try row[0, as: String.self] == printed)
        try await server.roundTrip(value, "numeric")
        #expect(try await server.query("SELECT \(value) = \(printed)::numeric").value(as: Bool.self))
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity", "340282366920938463463374607431768211456", "1e200", "1e-200"])
    func `a numeric that Decimal cannot hold is an error, and can be read as String`(text: String) async throws {
        for binary in [true, false] {
            let row = try await server.query("SELECT x, x::text FROM (SELECT \(text)::numeric x) q", binary: binary)
                .single()
            #expect(try VernalError.thrown { _ = try row[0, as: Decimal.self] }.description.contains("as String"))
            #expect(try row[0, as: String.self] == row[1, as: String.self])
        }
        #expect(throws: VernalError.self) { try ("\(Decimal.nan)" as SQLQuery).validated() }
    }

    @Test func `integers can be read as Decimal, and a numeric as nothing that rounds it`() async throws {
        let row = try await server.query("SELECT 1::int2, 2::int4, 3::int8, 4::numeric, 5::float8").single()
        for index in 0..<4 { #expect(try row[index, as: Decimal.self] == Decimal(index + 1)) }
        #expect(try VernalError.thrown { _ = try row[3, as: Double.self] }.description.contains("::float8"))
        #expect(try VernalError.thrown { _ = try row[3, as: Int.self] }.description.contains("::int8"))
        #expect(try VernalError.thrown { _ = try row[2, as: Double.self] }.description.contains("::float8"))
        #expect(try VernalError.thrown { _ = try row[4, as: Decimal.self] }.description.contains("::numeric"))
        #expect(try VernalError.thrown { _ = try row[4, as: Float.self] }.description.contains("::float4"))
    }

    @Test func `text of every length and alphabet`() async throws {
        for text in [
            "", "a", "fünfzehn Bytes!", "é", "日本語", "👩‍👩‍👧‍👦", "'quotes' \"and\" \\", String(repeating: "x", count: 100_000),
        ] {
            for type in ["text", "varchar", "bpchar", "citext_like"] where type != "citext_like" {
                try await server.roundTrip(text, type)
            }
        }
        #expect(try await server.query("SELECT 'a'::\"char\"").value(as: String.self) == "a")
        #expect(try await server.query("SELECT 'a'::name").value(as: String.self) == "a")
        #expect(try await server.query("SELECT '<a/>'::xml").value(as: String.self) == "<a/>")
        #expect(try await server.query("SELECT '{\"a\": 1}'::json").value(as: String.self) == "{\"a\": 1}")
        #expect(try await server.query("SELECT '{\"a\":1}'::jsonb").value(as: String.self) == "{\"a\": 1}")
        #expect(try await server.query("SELECT \("sub".dropFirst())").value(as: String.self) == "ub")
    }

    @Test func `bytes and UUIDs`() async throws {
        let all = [UInt8](0...255)
        for bytes in [[], [0], all] {
            try await server.roundTrip(bytes, "bytea")
            try await server.roundTrip(Data(bytes), "bytea")
        }
        #expect(try await server.query("SELECT \([UInt8]([0, 255]))").value(as: String.self) == "\\x00ff")
        try await server.roundTrip([all, [], [1]], "bytea[]")
        let id = UUID()
        try await server.roundTrip(id, "uuid", prints: id.uuidString.lowercased())
        #expect(try await server.query("SELECT \(id)").value(as: String.self) == id.uuidString.lowercased())
        let noUUID = try await server.query("SELECT 'x'")
        #expect(try VernalError.thrown { _ = try noUUID.value(as: UUID.self) }.code == .decoding)
    }
}
