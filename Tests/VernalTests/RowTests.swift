import Foundation
import LibpqIO
import Testing
import Vernal
import VernalTestKit

private enum Role: String, Codable { case admin, guest }
private enum Shirt: Int, PostgresCodable, Codable { case small = 1, large = 2 }

private struct User: Decodable, Equatable {
    struct Address: Codable, Equatable {
        var street: String
        var numbers: [Int]
    }

    var id: Int
    var name: String
    var nickname: String?
    var createdAt: Date
    var userID: UUID
    var balance: Decimal
    var photo: Data
    var score: Double
    var active: Bool
    var tags: [String]
    var role: Role
    var shirt: Shirt
    var address: Address
    var homes: [Address]
    var extra: [String: Int]?
    var wrapped: PostgresJSON<Address>
    var missing: Int?
    var small: Int8
    var kind: Kind

    struct Kind: Decodable, Equatable {
        var label: String
        init(from decoder: any Decoder) throws { label = try decoder.singleValueContainer().decode(String.self) }
    }
}

@Suite
struct RowTests {
    let server: TypesTestServer

    init() async throws { server = try await TypesTestServer() }

    @Test func `columns are those of the result, however much those of others resemble them`() async throws {
        var random = SeededGenerator(seed: 4)
        let types = ["int4", "text", "bool"]
        for _ in 0..<300 {
            // Few names, so that many results have the same ones in another order or with other types, or twice; up to more columns than
            // are looked up one by one.
            let columns = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                (name: "c\(Int.random(in: 0..<20, using: &random))", type: Int.random(in: 0..<3, using: &random))
            }
            let list = columns.map { "NULL::\(types[$0.type]) AS \($0.name)" }.joined(separator: ", ")
            for _ in 0..<2 {
                let row = try await server.query("SELECT \(unsafeRaw: list)").single()
                #expect(row.columns.map(\.name) == columns.map(\.name))
                #expect(row.columns.map(\.type) == columns.map { [.int4, .text, .bool][$0.type] })
                for (index, column) in columns.enumerated() {
                    if columns.count(where: { $0.name == column.name }) > 1 {
                        #expect(throws: VernalError.self) { try row.isNull(column.name) }
                    } else {
                        #expect(try row.isNull(column.name), "\(index)")
                    }
                }
                #expect(throws: VernalError.self) { try row.isNull("c20") }
            }
        }
    }

    @Test func `columns that were renamed or have another type are found under their new names`() async throws {
        _ = try await server.query("CREATE TEMPORARY TABLE changing AS SELECT 1 AS id, 'x'::text AS name")
        let query: SQLQuery = "SELECT * FROM changing"
        for _ in 0..<3 { #expect(try await server.query(query).single()["name", as: String.self] == "x") }
        _ = try await server.query("ALTER TABLE changing RENAME name TO label")
        _ = try await server.query("ALTER TABLE changing ALTER id TYPE text")
        for _ in 0..<3 {
            let row = try await server.query(query).single()
            #expect(try row["label", as: String.self] == "x" && row["id", as: String.self] == "1")
            #expect(throws: VernalError.self) { try row["name", as: String.self] }
        }
    }

    @Test func `columns are read by index and by name`() async throws {
        let row = try await server.query("SELECT 1 AS id, 'x' AS \"userName\", NULL::int4 AS age").single()
        #expect(try row["id"] == 1)
        #expect(try row["id", as: Int.self] == 1)
        let name: String = try row["userName"]
        #expect(name == "x")
        #expect(try row[2, as: Int?.self] == nil)
        #expect(try row.isNull("age"))
        #expect(try !row.isNull(0))
        #expect(row.columnCount == 3)
        #expect(row.columns.map(\.name) == ["id", "userName", "age"])
        #expect(row.columns.map(\.type) == [.int4, .text, .int4])
    }

    @Test func `rows become values, tuples and arrays of them`() async throws {
        let rows = try await server.query("SELECT n, 'row ' || n FROM generate_series(1, 3) n")
        #expect(rows.count == 3)
        #expect(rows.affectedRows == 3)
        let (id, name): (Int, String?) = try rows[1].decode()
        #expect(id == 2)
        #expect(name == "row 2")
        let tuple = try rows[2].decode((Int32, String).self)
        #expect(tuple == (3, "row 3"))
        let all = try rows.decode((Int, String).self)
        #expect(all.map(\.0) == [1, 2, 3])
        #expect(all.map(\.1) == ["row 1", "row 2", "row 3"])
        let annotated: [(Int, String)] = try rows.decode()
        #expect(annotated.count == 3)
        #expect(try await server.query("SELECT generate_series(1, 3)").decode(Int.self) == [1, 2, 3])
        #expect(try await server.query("SELECT NULL::text UNION ALL SELECT 'a'").decode(String?.self) == [nil, "a"])
        #expect(try await server.query("SELECT 5").value() == 5)
        #expect(try await server.query("SELECT 5").first?.decode(Int.self) == 5)
        #expect(try await server.query("SELECT 5 WHERE false").first?.decode(Int.self) == nil)
        #expect(try await server.query("SELECT ARRAY[1,2]").value(as: [Int].self) == [1, 2])
    }

    @Test func `rows are a collection that outlives the query`() async throws {
        var rows: Rows? = try await server.query("SELECT n FROM generate_series(1, 5) n")
        let last = try #require(rows?.last)
        let reversed = try rows?.reversed().map { try $0.decode(Int.self) }
        #expect(reversed == [5, 4, 3, 2, 1])
        rows = nil
        #expect(try last.decode(Int.self) == 5)
    }

    @Test func `affected rows are counted`() async throws {
        _ = try await server.query("CREATE TEMP TABLE counted (id int)")
        let inserted = try await server.query("INSERT INTO counted SELECT generate_series(1, 4)")
        #expect(inserted.affectedRows == 4)
        #expect(inserted.isEmpty)
        #expect(inserted.columns.isEmpty)
        #expect(try await server.query("UPDATE counted SET id = 0 WHERE id > 2").affectedRows == 2)
        #expect(try await server.query("CREATE TEMP TABLE other ()").affectedRows == 0)
    }

    private var userQuery: SQLQuery {
        """
        SELECT 1::int2 AS id, 'Ä' AS name, NULL::text AS nickname, '2024-01-02 03:04:05.5+00'::timestamptz AS created_at,
            '00000000-0000-0000-0000-000000000001'::uuid AS user_id, 12.50 AS balance, '\\x00ff'::bytea AS photo,
            1.5::float4 AS score, true AS active, ARRAY['a', 'b'] AS tags, 'guest' AS role, 2 AS shirt,
            '{"street": "S", "numbers": [1]}'::jsonb AS address, '[{"street": "T", "numbers": []}]'::json AS homes,
            NULL::jsonb AS extra, '{"street": "W", "numbers": [2, 3]}'::jsonb AS wrapped, 5::int8 AS small, 'k' AS kind
        """
    }

    @Test func `a row becomes a Decodable`() async throws {
        for binary in [true, false] {
            let row = try await server.query(userQuery, binary: binary).single()
            let user = try row.decode(User.self)
            #expect(user.id == 1)
            #expect(user.name == "Ä")
            #expect(user.nickname == nil)
            #expect(user.missing == nil)
            #expect(user.createdAt == Date(timeIntervalSince1970: 1_704_164_645.5))
            #expect(user.userID.uuidString == "00000000-0000-0000-0000-000000000001")
            #expect(user.balance == Decimal(string: "12.5"))
            #expect(user.photo == Data([0, 255]))
            #expect(user.score == 1.5)
            #expect(user.active)
            #expect(user.tags == ["a", "b"])
            #expect(user.small == 5)
            #expect(user.role == .guest)
            #expect(user.shirt == .large)
            #expect(user.kind.label == "k")
            #expect(user.address == .init(street: "S", numbers: [1]))
            #expect(user.homes == [.init(street: "T", numbers: [])])
            #expect(user.extra == nil)
            #expect(user.wrapped.value.numbers == [2, 3])
        }
        let several = try await server.query("\(userQuery) FROM generate_series(1, 3)").decode(User.self)
        #expect(several.count == 3)
        #expect(several[0] == several[2])
    }

    @Test func `a key is looked up as it is, then in snake case`() async throws {
        struct Keys: Decodable, Equatable {
            var createdAt: Int
            var htmlURLPath: Int
            var x2: Int
            var already_snake: Int
            var Upper: Int
        }
        let row = try await server.query(
            "SELECT 1 AS created_at, 2 AS html_url_path, 3 AS x2, 4 AS already_snake, 5 AS upper"
        ).single()
        #expect(
            try row.decode(Keys.self) == Keys(createdAt: 1, htmlURLPath: 2, x2: 3, already_snake: 4, Upper: 5)
        )
        struct Exact: Decodable { var createdAt: Int }
        let both = try await server.query("SELECT 1 AS created_at, 2 AS \"createdAt\"").single()
        #expect(try both.decode(Exact.self).createdAt == 2)
    }

    @Test func `keys may be asked for in any order and by hand`() async throws {
        struct ByHand: Decodable {
            var first: Int?
            var second: String
            enum Keys: String, CodingKey { case first, second }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                first = nil
                second = try container.decode(String.self, forKey: .second)
                // The questions differ from row to row.
                if second == "row 2" { first = try container.decodeIfPresent(Int.self, forKey: .first) }
                _ = try container.decode(String.self, forKey: .second)
            }
        }
        let rows = try await server.query("SELECT n AS first, 'row ' || n AS second FROM generate_series(1, 3) n")
        let decoded = try rows.decode(ByHand.self)
        #expect(decoded.map(\.first) == [nil, 2, nil])
        #expect(decoded.map(\.second) == ["row 1", "row 2", "row 3"])
    }

    @Test func `what cannot be decoded names the column, its index and its type`() async throws {
        struct NeedsAge: Decodable { var age: Int }
        struct NeedsNothing: Decodable { var ageInYears: Int }
        struct Nested: Decodable { var name: NeedsAge }
        struct Listed: Decodable { var name: [Int] }
        let rows = try await server.query(
            "SELECT 's3cret'::text AS name, NULL::int4 AS age, 300000::int4 AS big, 1 AS twin, 2 AS twin"
        )
        let row = try rows.single()
        func message(_ body: () throws -> Void) throws -> String {
            let error = try VernalError.thrown(by: body)
            #expect(error.code == .decoding)
            #expect(!error.debugDescription.contains("s3cret"))
            return error.description
        }
        #expect(
            try message { _ = try row["age", as: Int.self] }
                == "column \"age\" (index 1, int4) is NULL: read it as Int?"
        )
        #expect(
            try message { _ = try row["name", as: UUID.self] }
                == "column \"name\" (index 0, text) cannot be read as UUID: cast it in the query: `::uuid`"
        )
        #expect(
            try message { _ = try row["big", as: Int16.self] }
                == "column \"big\" (index 2, int4) cannot be read as Int16: the value is out of range"
        )
        #expect(try message { _ = try row["nope", as: Int.self] }.contains("no column \"nope\""))
        #expect(try message { _ = try row["nope", as: Int.self] }.contains("\"name\", \"age\""))
        #expect(try message { _ = try row["twin", as: Int.self] }.contains("indices 3 and 4"))
        #expect(try message { _ = try row[5, as: Int.self] }.contains("index 5"))
        #expect(try message { _ = try row[-1, as: Int.self] }.contains("index -1"))
        #expect(try message { _ = try row.isNull(9) }.contains("index 9"))
        #expect(try message { _ = try row.decode(Int.self) }.contains("1 column"))
        #expect(try message { _ = try row.decode((Int, Int).self) }.contains("2 columns"))
        #expect(try message { _ = try rows.decode(Int.self) }.contains("1 column"))
        #expect(try message { _ = try row.decode(NeedsAge.self) }.contains("is NULL: read it as Int?"))
        #expect(
            try message { _ = try row.decode(NeedsNothing.self) }.contains(
                "no column \"ageInYears\" or \"age_in_years\""
            )
        )
        #expect(try message { _ = try row.decode(Nested.self) }.contains("needs json or jsonb"))
        #expect(try message { _ = try row.decode(Listed.self) }.contains("\"name\""))
        struct Twin: Decodable { var twin: Int? }
        #expect(try message { _ = try row.decode(Twin.self) }.contains("indices 3 and 4"))
    }

    @Test func `errors of types of others are kept, without their text`() async throws {
        struct Picky: PostgresDecodable {
            struct Refusal: Error { var value: String }
            static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Picky {
                throw Refusal(value: try String.decode(bytes, type: type, format: format))
            }
        }
        let row = try await server.query("SELECT 's3cret' AS x").single()
        let error = try VernalError.thrown { _ = try row["x", as: Picky.self] }
        #expect(error.description == "column \"x\" (index 0, text) cannot be read as Picky")
        #expect((error.underlying as? Picky.Refusal)?.value == "s3cret")
        #expect(error.columnName == "x")
    }

    @Test func `one row is exactly one`() async throws {
        for (count, text) in [(0, "empty"), (2, "has 2")] {
            let rows = try await server.query("SELECT generate_series(1, \(count))")
            let error = try VernalError.thrown { _ = try rows.single() }
            #expect(error.code == .unexpectedRowCount)
            #expect(error.description.contains(text))
            #expect(throws: VernalError.self) { try rows.value(as: Int.self) }
        }
    }

    @Test func `descriptions have names and no values`() async throws {
        let rows = try await server.query("SELECT 's3cret' AS x")
        var dumped = ""
        dump(rows, to: &dumped)
        dump(try rows.single(), to: &dumped)
        for text in [rows.description, try rows.single().description, dumped, "\(rows) \(try rows.single())"] {
            #expect(!text.contains("s3cret"))
            #expect(text.contains("x"))
        }
    }

    @Test func `many tasks may read one result`() async throws {
        let rows = try await server.query("SELECT n AS id, n::text AS name FROM generate_series(1, 1000) n")
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try rows.reduce(0) { sum, row in
                        let id: Int = try row["id"]
                        let name: String = try row["name"]
                        return sum + id + name.count
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(sums).count == 1)
        #expect(sums.first == 503_393)
    }
}
