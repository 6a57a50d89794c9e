import Foundation

/// A test that a page names: `` `its sentence` in Module/File ``.
struct NamedTest {
    let name: String
    /// Without `Tests/` and `.swift`.
    let file: String

    /// The tests that a text names.
    static func all(in text: String) -> [NamedTest] {
        text.matches(of: #/`([^`]+)` in ([A-Za-z]+/[A-Za-z/]+)/#).map {
            NamedTest(name: String($0.output.1), file: String($0.output.2))
        }
    }

    /// The source in which it should be.
    func source() throws -> String { try SourceTree.text(of: "Tests/\(file).swift") }

    /// Whether it is there.
    func exists() throws -> Bool {
        let path = SourceTree.root.appending(path: "Tests/\(file).swift").path
        return FileManager.default.fileExists(atPath: path) ? Self.isTest(name, in: try source()) : false
    }

    /// Whether there is a function of that name with `@Test` before it.
    static func isTest(_ name: String, in text: String) -> Bool {
        guard let place = text.range(of: "func `\(name)`(") else { return false }
        let before = text[..<place.lowerBound]
        guard let attribute = before.range(of: "@Test", options: .backwards) else { return false }
        return !before[attribute.upperBound...].contains("func ")
    }
}

extension SourceTree {
    /// The cells of each line of a page that begins with `|`, without the space around them.
    static func tableRows(of page: String) throws -> [[String]] {
        try text(of: page).split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
