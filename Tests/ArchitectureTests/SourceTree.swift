import Foundation

/// The repository's own files, as text.
enum SourceTree {
    /// The top of the repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The names of the folders in `Sources`.
    static func modules() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path).sorted()
    }

    /// The Swift files below a folder of the repository.
    static func swiftFiles(below folder: String) throws -> [SourceFile] {
        let top = root.appending(path: folder)
        let paths = FileManager.default.enumerator(atPath: top.path)?.compactMap { $0 as? String } ?? []
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            SourceFile(
                path: "\(folder)/\(path)",
                text: try String(contentsOf: top.appending(path: path), encoding: .utf8)
            )
        }
    }
}

/// One Swift file, with what is not code taken out.
struct SourceFile: Sendable {
    let path: String
    let text: String

    /// The lines without comments and without the contents of strings.
    var code: [(number: Int, text: String)] {
        var isInMultilineString = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            (index + 1, Self.code(of: line, &isInMultilineString))
        }
    }

    /// The modules that the file imports.
    var imports: [String] {
        code.compactMap { _, line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), words.count > keyword + 1,
                words[..<keyword].allSatisfy({ ["public", "package", "internal", "private"].contains($0) })
            else { return nil }
            return String(words[keyword + 1])
        }
    }

    /// The lines of code that have a word in them.
    func lines(with word: String) -> [(number: Int, text: String)] {
        code.filter { _, line in
            line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == word }
        }
    }

    private static func code(of line: Substring, _ isInMultilineString: inout Bool) -> String {
        if isInMultilineString {
            guard line.contains("\"\"\"") else { return "" }
            isInMultilineString = false
            return ""
        }
        var code = ""
        var isInString = false
        var previous: Character?
        var rest = line
        while let character = rest.first {
            if !isInString, rest.hasPrefix("\"\"\"") {
                isInMultilineString = true
                return code
            }
            if !isInString, rest.hasPrefix("//") { return code }
            if character == "\"", previous != "\\" {
                isInString.toggle()
            } else if !isInString {
                code.append(character)
            }
            previous = previous == "\\" && character == "\\" ? nil : character
            rest = rest.dropFirst()
        }
        return code
    }
}
