import Foundation
import Testing

/// The page `Tests/proxies.md` says what of the poolers' marks and messages is tested where; this keeps it true.
@Suite struct `The table of proxies` {
    /// Addresses, handshakes, and for each that says something the columns in which it does.
    static let rows: [String] =
        (1...22).map { "A\($0)" } + (1...16).map { "B\($0)" }
        + [
            "abce", "abcef", "a", "abdef", "abcdef", "ade", "abcde", "bcde", "abcde", "bcde", "abde", "ab",
        ].enumerated().flatMap { index, letters in letters.map { "C\(index + 1)\($0)" } } + ["C13", "C14"]

    @Test func `has every row once, in order`() throws {
        #expect(try ProxyRow.all().map(\.number) == Self.rows)
    }

    @Test func `has a test for each row, or the reason why there is none`() throws {
        for row in try ProxyRow.all() {
            let hasReason = row.place.hasPrefix("Not tested: ") && row.place.count > 40
            #expect(row.tests.isEmpty == hasReason, "\(row.number) has neither a test nor a reason: \(row.place)")
            #expect(row.claim.count > 5, "\(row.number) says nothing")
        }
    }

    @Test func `names only tests that exist`() throws {
        for row in try ProxyRow.all() {
            for test in row.tests {
                #expect(try test.exists(), "\(row.number): no test `\(test.name)` in \(test.file)")
            }
        }
    }

    @Test func `quotes only what one of its tests has`() throws {
        for row in try ProxyRow.all() where !row.tests.isEmpty {
            let texts = try row.tests.map { try $0.body() }
            for quotation in row.quotations {
                #expect(
                    texts.contains { $0.contains(quotation) },
                    "\(row.number) quotes what none of its tests has: \(quotation)"
                )
            }
        }
    }

    @Test func `reads of a test only what is its own`() {
        let text = """
            struct S {
                /// About one.
                static let table: [Row] = [
                    Row("two"),  // three
                ]
                @Test func `other`() { "four" }
                @Test(arguments: table)
                func `this`(row: Row) {
                    // five
                    use("six // seven")
                }
                func helper() { "eight" }
            }
            """
        let body = NamedTest.body(of: "this", in: text)
        #expect(["two", "six // seven"].allSatisfy(body.contains))
        #expect(!["one", "three", "four", "five", "eight"].contains(where: body.contains))
        #expect(NamedTest.body(of: "other", in: text) == "    @Test func `other`() { \"four\" }")
    }
}

/// One row of the page.
private struct ProxyRow {
    let number: String
    let claim: String
    /// The tests, or the reason why there is none.
    let place: String

    var tests: [NamedTest] { NamedTest.all(in: place) }

    /// What stands in the claim as code: a host, a message, an option.
    var quotations: [String] { claim.matches(of: #/`([^`]+)`/#).map { String($0.output.1) } }

    static func all() throws -> [ProxyRow] {
        try SourceTree.tableRows(of: "Tests/proxies.md").compactMap { cells in
            guard cells.count == 6, cells[1].wholeMatch(of: #/[ABC]\d+[a-f]?/#) != nil else { return nil }
            return ProxyRow(number: cells[1], claim: cells[3], place: cells[4])
        }
    }
}
