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

    /// The test itself, with the tables that its arguments are, and without comments.
    func body() throws -> String { try Self.body(of: name, in: source()) }

    /// The test of that name in a file that is formatted: each declaration ends where a line with as much space before it does.
    static func body(of name: String, in text: String) -> String {
        let lines = withoutComments(text)
        guard let function = lines.firstIndex(where: { $0.contains("func `\(name)`(") }),
            let attribute = lines[...function].lastIndex(where: { $0.contains("@Test") })
        else { return "" }
        let header = lines[attribute...function].joined(separator: "\n")
        let arguments = header.firstRange(of: "@Test(arguments: ").map { header[$0.upperBound...] } ?? ""
        let words = arguments.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        let tables = lines.indices.filter { index in
            lines[index].firstMatch(of: #/\blet (\w+)/#).map { words.contains(String($0.output.1)) } ?? false
        }
        return ([attribute..<end(of: function, in: lines)] + tables.map { $0..<end(of: $0, in: lines) })
            .flatMap { lines[$0] }.joined(separator: "\n")
    }

    /// The line after a declaration that begins in a line.
    private static func end(of start: Int, in lines: [String]) -> Int {
        // A function that goes on below its parameters is not at its end.
        let marks = lines[start].contains("func ") ? "}" : "}])"
        if let last = lines[start].last, marks.contains(last) { return start + 1 }
        let space = lines[start].prefix { $0 == " " }
        let last = lines[(start + 1)...].firstIndex { $0 == space + "}" || $0 == space + "]" }
        return (last ?? start) + 1
    }

    private static func withoutComments(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init).compactMap { line in
            if line.drop(while: { $0 == " " }).hasPrefix("//") { return nil }
            // What stands after code, and not in a string.
            guard let place = line.range(of: " // ", options: .backwards),
                line[..<place.lowerBound].count(where: { $0 == "\"" }).isMultiple(of: 2)
            else { return line }
            return String(line[..<place.lowerBound])
        }
    }

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
