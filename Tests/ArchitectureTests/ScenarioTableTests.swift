import Foundation
import Testing

/// The page `Tests/scenarios.md` says what is tested where; this keeps it true.
@Suite struct `The table of scenarios` {
    /// What no pool can do without that is empty at first and holds one connection.
    static let essential: Set<Int> = [
        1, 5, 6, 14, 15, 16, 21, 25, 26, 31, 35, 37, 38, 39, 45, 48, 54, 55, 56, 60, 66, 67, 68, 70, 75, 77, 90, 91, 92,
        101, 102, 114, 121, 129, 134, 140, 141, 143, 158,
    ]

    /// Scenarios whose feature is being built.
    static let pending: Set<Int> = [
        57, 84, 86, 95, 96, 97, 116, 124, 125, 129, 132, 134, 137, 138, 155, 156, 157, 159, 160, 172, 173, 174, 175,
        176,
    ]

    @Test func `has every scenario once, in order`() throws {
        #expect(try ScenarioRow.all().map(\.number) == Array(1...177))
    }

    @Test func `marks what is essential, and has a test for it`() throws {
        for row in try ScenarioRow.all() {
            #expect(row.isEssential == Self.essential.contains(row.number), "the star of \(row.number)")
            if row.isEssential, !Self.pending.contains(row.number) {
                #expect(!row.tests.isEmpty, "\(row.number) is essential: no reason is good enough")
            }
        }
    }

    @Test func `has a test for at least 150 scenarios, and a reason for each other`() throws {
        let rows = try ScenarioRow.all()
        #expect(rows.filter { !$0.tests.isEmpty }.count + Self.pending.count >= 150)
        for row in rows {
            guard !Self.pending.contains(row.number) else {
                #expect(row.place.hasPrefix("Pending: "), "\(row.number) is not pending any more")
                continue
            }
            let hasReason = row.place.hasPrefix("Not tested: ") && row.place.count > 40
            #expect(row.tests.isEmpty == hasReason, "\(row.number) has neither a test nor a reason: \(row.place)")
            #expect(row.claim.count > 15, "\(row.number) says nothing")
        }
    }

    @Test func `names only tests that exist`() throws {
        var files: [String: String] = [:]
        for file in try SourceTree.swiftFiles(below: "Tests") {
            files[String(file.path.dropFirst("Tests/".count).dropLast(".swift".count))] = file.text
        }
        for row in try ScenarioRow.all() {
            for test in row.tests {
                let text = try #require(files[test.file], "\(row.number) names a file that is not there: \(test.file)")
                #expect(Self.isTest(test.name, in: text), "\(row.number): no test `\(test.name)` in \(test.file)")
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
        #expect(Self.isTest("is there", in: text))
        #expect(Self.isTest("has arguments", in: text))
        #expect(!Self.isTest("is a helper", in: text))
        #expect(!Self.isTest("is", in: text))
    }

    /// Whether there is a function of that name with `@Test` before it.
    private static func isTest(_ name: String, in text: String) -> Bool {
        guard let place = text.range(of: "func `\(name)`(") else { return false }
        let before = text[..<place.lowerBound]
        guard let attribute = before.range(of: "@Test", options: .backwards) else { return false }
        return !before[attribute.upperBound...].contains("func ")
    }
}

/// One row of the page.
private struct ScenarioRow {
    struct Test {
        let name: String
        /// Without `Tests/` and `.swift`.
        let file: String
    }

    let number: Int
    let isEssential: Bool
    let claim: String
    /// The tests, or the reason why there is none.
    let place: String

    var tests: [Test] {
        place.matches(of: #/`([^`]+)` in ([A-Za-z]+/[A-Za-z]+)/#).map {
            Test(name: String($0.output.1), file: String($0.output.2))
        }
    }

    static func all() throws -> [ScenarioRow] {
        let page = try String(contentsOf: SourceTree.root.appending(path: "Tests/scenarios.md"), encoding: .utf8)
        return page.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 6, let number = Int(cells[1]) else { return nil }
            return ScenarioRow(number: number, isEssential: cells[2] == "★", claim: cells[3], place: cells[4])
        }
    }
}
