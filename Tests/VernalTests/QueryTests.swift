import LibpqIO
import Testing
import Vernal

private enum Role: String, PostgresCodable { case admin, guest }
private enum Level: Int16, PostgresCodable { case low = 1, high = 2 }
private struct Rejecting: PostgresEncodable {
    struct Refusal: Error { let secret = "s3cret" }
    static var postgresType: PostgresType { .text }
    func encode(into encoder: inout PostgresEncoder) throws { throw Refusal() }
}

struct QueryTests {
    @Test func `values become placeholders in their order`() {
        let query: SQLQuery = "SELECT * FROM t WHERE id = \(1) AND name = \("x") AND z = \(1.5)"
        #expect(query.text == "SELECT * FROM t WHERE id = $1 AND name = $2 AND z = $3")
        #expect(query.parameters.count == 3)
    }

    @Test func `nil, optionals, arrays and enums can be bound`() throws {
        let missing: String? = nil
        let query: SQLQuery =
            "\(nil), \(missing), \([1, 2]), \(["a", nil]), \(Role.admin), \(Level.high), \([Role.guest])"
        try query.validated()
        #expect(query.text == "$1, $2, $3, $4, $5, $6, $7")
    }

    @Test func `a placeholder never grows together with the text around it`() {
        let query: SQLQuery = "LIMIT\(1)0 OFFSET\(2)AND $\(3)é"
        #expect(query.text == "LIMIT $1 0 OFFSET $2 AND $ $3 é")
        let adjacent: SQLQuery = "\(1)\(2)"
        #expect(adjacent.text == "$1 $2")
        let usual: SQLQuery = "(\(1),\(2))::int[]"
        #expect(usual.text == "($1,$2)::int[]")
    }

    @Test func `an embedded query is renumbered`() throws {
        let condition: SQLQuery = "a = \(1) AND b = \("x")"
        let inner: SQLQuery = "(\(condition)) OR c = \(true)"
        let query: SQLQuery = "SELECT \(0) WHERE \(inner) OR \(condition) LIMIT \(9)"
        #expect(
            query.text == "SELECT $1 WHERE (a = $2 AND b = $3) OR c = $4 OR a = $5 AND b = $6 LIMIT $7"
        )
        #expect(query.parameters.count == 7)
        try query.validated()
    }

    @Test func `a dollar number in the text itself is not renumbered`() {
        let price: SQLQuery = "label = 'costs $1' AND price = \(5) AND other = '$2'"
        #expect(price.text == "label = 'costs $1' AND price = $1 AND other = '$2'")
        let query: SQLQuery = "SELECT \(1) WHERE \(price) AND \(2)"
        #expect(query.text == "SELECT $1 WHERE label = 'costs $1' AND price = $2 AND other = '$2' AND $3")
        let outer: SQLQuery = "\(0), \(query)"
        #expect(outer.text == "$1, SELECT $2 WHERE label = 'costs $1' AND price = $3 AND other = '$2' AND $4")
        let split: SQLQuery = "'\(unsafeRaw: "$")\(unsafeRaw: "1")' = \(1)"
        let embedded: SQLQuery = "\(7) \(split)"
        #expect(embedded.text == "$1 '$1' = $2")
    }

    @Test func `queries can be appended and joined`() {
        var query: SQLQuery = "SELECT 1 WHERE \(true)"
        query.append(" AND \(2) = \(3)")
        #expect(query.text == "SELECT 1 WHERE $1 AND $2 = $3")
        let conditions: [SQLQuery] = ["a = \(1)", "b = \(2)", "c"]
        #expect(conditions.joined(separator: " OR ").text == "a = $1 OR b = $2 OR c")
        #expect([SQLQuery]().joined(separator: ",").text.isEmpty)
    }

    @Test func `identifiers are quoted`() throws {
        let query: SQLQuery = "SELECT * FROM \(identifier: "my schema", "ta\"ble") \(identifier: "T")"
        #expect(query.text == "SELECT * FROM \"my schema\".\"ta\"\"ble\" \"T\"")
        try query.validated()
    }

    // To Swift a quote with a mark behind it, or with what joins it in front of it, is another character; to the server it is not.
    @Test(arguments: ["x\u{600}\"; DROP TABLE t; --", "x\"\u{301}; DROP TABLE t; --", "\"\u{200D}", "\r\n\"\u{FE0F}"])
    func `no quote ends an identifier, whatever stands beside it`(name: String) {
        let text = ("\(identifier: name)" as SQLQuery).text
        let inside = Array(text.utf8.dropFirst().dropLast())
        let doubled = Array(name.utf8).flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
        #expect(inside == doubled)
    }

    @Test(
        arguments: [
            "SELECT \(identifier: "")", "SELECT \(identifier: "a\0b")", "SELECT \("a\0b")", "SELECT \(["a\0b"])",
            "SELECT '\u{0}'", "SELECT \([[1], [2]])", "SELECT \([["a"], ["b"]])", "SELECT \([["a"], nil])",
            "SELECT \(UInt64.max)", "SELECT \(Rejecting())",
            "SELECT '\("x")'",
            "SELECT \("SELECT \("a\0b")" as SQLQuery)",
        ] as [SQLQuery]
    )
    func `what cannot be sent is refused when the query is run`(query: SQLQuery) throws {
        let error = try VernalError.thrown { try query.validated() }
        #expect(error.code == .invalidParameter)
        #expect(!error.description.contains("s3cret"))
        #expect(!error.isRetryable)
        #expect(!error.statementWasSent)
    }

    @Test func `a query keeps the first problem and names the parameter`() throws {
        let query: SQLQuery = "SELECT \(1), \("a\0b"), \(identifier: "")"
        let error = try VernalError.thrown { try query.validated() }
        #expect(error.description.contains("parameter $2 (String)"))
        #expect(error.description.contains("NUL"))
        #expect(query.text == "SELECT $1, $2, \"\"")
    }

    @Test func `65,535 parameters are allowed and one more is not`() throws {
        let marks = (1...65_535).map { "\($0)" as SQLQuery }
        var query = marks.joined(separator: ",")
        try query.validated()
        #expect(query.parameters.count == 65_535)
        query.append(", \(1)")
        #expect(try VernalError.thrown { try query.validated() }.description.contains("65535"))
    }

    @Test func `descriptions never show a value`() {
        let query: SQLQuery = "SELECT \("s3cret"), \(json: ["k": "s3cret"])"
        var dumped = ""
        dump(query, to: &dumped)
        for text in [query.description, query.debugDescription, "\(query)", String(reflecting: query), dumped] {
            #expect(!text.contains("s3cret"))
            #expect(text.contains("$2"))
        }
    }

    @Test func `raw text is used as it is`() {
        #expect(SQLQuery(unsafeRaw: "SELECT '$1'").text == "SELECT '$1'")
        let query: SQLQuery = "SELECT 1 ORDER BY \(unsafeRaw: "x DESC")"
        #expect(query.text == "SELECT 1 ORDER BY x DESC")
    }
}
