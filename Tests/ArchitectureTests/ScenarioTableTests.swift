import Foundation
import Testing

/// The page `Tests/scenarios.md` says what is tested where; this keeps it true.
@Suite struct `The table of scenarios` {
    /// What no pool can do without that is empty at first and holds one connection.
    static let essential: Set<Int> = [
        1, 5, 6, 14, 15, 16, 21, 25, 26, 31, 35, 37, 38, 39, 45, 48, 54, 55, 56, 60, 66, 67, 68, 70, 75, 77, 90, 91, 92,
        101, 102, 114, 121, 129, 134, 140, 141, 143, 158,
    ]

    @Test func `has every scenario once, in order`() throws {
        #expect(try ScenarioRow.all().map(\.number) == Array(1...177))
    }

    @Test func `marks what is essential, and has a test for it`() throws {
        for row in try ScenarioRow.all() {
            #expect(row.isEssential == Self.essential.contains(row.number), "the star of \(row.number)")
            if row.isEssential {
                #expect(!row.tests.isEmpty, "\(row.number) is essential: no reason is good enough")
            }
        }
    }

    @Test func `has a test for at least 150 scenarios, and a reason for each other`() throws {
        let rows = try ScenarioRow.all()
        #expect(rows.filter { !$0.tests.isEmpty }.count >= 150)
        for row in rows {
            let hasReason = row.place.hasPrefix("Not tested: ") && row.place.count > 40
            #expect(row.tests.isEmpty == hasReason, "\(row.number) has neither a test nor a reason: \(row.place)")
            #expect(row.claim.count > 15, "\(row.number) says nothing")
        }
    }

    @Test func `names only tests that exist`() throws {
        for row in try ScenarioRow.all() {
            for test in row.tests {
                #expect(try test.exists(), "\(row.number): no test `\(test.name)` in \(test.file)")
            }
        }
    }

    @Test func `tells a test from what only looks like one`() {
        let text = """
            @Test func `is there`() {}
            @Test(arguments: [1, 2])
            func `has arguments`(number: Int) {}
            func `is a helper`() {}
            """
        #expect(NamedTest.isTest("is there", in: text))
        #expect(NamedTest.isTest("has arguments", in: text))
        #expect(!NamedTest.isTest("is a helper", in: text))
        #expect(!NamedTest.isTest("is", in: text))
    }
}

/// One row of the page.
private struct ScenarioRow {
    let number: Int
    let isEssential: Bool
    let claim: String
    /// The tests, or the reason why there is none.
    let place: String

    var tests: [NamedTest] { NamedTest.all(in: place) }

    static func all() throws -> [ScenarioRow] {
        try SourceTree.tableRows(of: "Tests/scenarios.md").compactMap { cells in
            guard cells.count == 6, let number = Int(cells[1]) else { return nil }
            return ScenarioRow(number: number, isEssential: cells[2] == "★", claim: cells[3], place: cells[4])
        }
    }
}
