import Foundation
import Testing

/// What the articles and the README say of the sources, read from both.
@Suite struct `The documentation` {
    private static let articles = "Sources/Vernal/Documentation.docc"

    @Test func `lists every variable that the engine and the host read, and no other`() throws {
        let readers = ["Sources/Vernal/Configuration", "Sources/VernalHost"]
        let source = try readers.flatMap { try SourceTree.swiftFiles(below: $0) }.map(\.text).joined(separator: "\n")
        let inSource = Self.variables(in: source)
        #expect(inSource.count > 10)
        let settings = try SourceTree.text(of: "\(Self.articles)/Settings.md")
        #expect(Self.variables(in: settings) == inSource, "the article Settings and the sources disagree")
        // Examples have variables of their own.
        for page in try SourceTree.pages() where !page.path.hasPrefix("examples/") {
            let unknown = Self.variables(in: page.text).subtracting(inSource).subtracting(Self.ofTests)
            #expect(unknown == [], "\(page.path) names a variable that nobody reads")
        }
    }

    /// What only the tests and the scripts read.
    private static let ofTests: Set<String> = [
        "VERNAL_ODYSSEY", "VERNAL_PGBOUNCER_NEW", "VERNAL_PG_BIN", "VERNAL_SOAK", "VERNAL_TSAN",
    ]

    @Test func `explains every setting and every code of an error`() throws {
        let configuration = try SourceTree.text(of: "Sources/Vernal/Configuration/EngineConfiguration.swift")
        let settings = try SourceTree.text(of: "\(Self.articles)/Settings.md")
        let structure = try #require(configuration.components(separatedBy: "public init()").first)
        let properties = structure.matches(of: #/\n    public var (\w+)/#).map { String($0.output.1) }
        #expect(properties.count > 30)
        for property in properties {
            #expect(settings.contains("``EngineConfiguration/\(property)``"), "Settings does not explain \(property)")
        }
        let errors = try SourceTree.text(of: "\(Self.articles)/Errors.md")
        let names = try SourceTree.text(of: "Sources/Vernal/Errors/VernalError+Code.swift")
        let codes = names.matches(of: #/public static let (\w+) = (Code|Wait)\(/#)
        #expect(codes.count > 20)
        for code in codes {
            let symbol = "``VernalError/\(code.output.2)/\(code.output.1)``"
            #expect(errors.contains(symbol), "Errors does not say what to do about \(code.output.1)")
        }
    }

    @Test func `has the figures of the simulator's own page`() throws {
        let simulator = try SourceTree.text(of: "examples/storm-simulator/README.md")
        let article = try SourceTree.text(of: "\(Self.articles)/ColdStartStorms.md")
        let rows = simulator.split(separator: "\n").filter { $0.contains(#/^\| [\d,]+ \| \d+ %/#) }
        #expect(rows.count >= 5)
        for row in rows { #expect(article.contains(row), "ColdStartStorms has another row than \(row)") }
    }

    @Test func `links only to what is there`() throws {
        let pages = try SourceTree.pages()
        #expect(pages.count > 15)
        for page in pages {
            let folder = SourceTree.root.appending(path: page.path).deletingLastPathComponent()
            // DocC finds its images by name, wherever they are.
            for match in page.text.matches(of: #/\]\(([^)#:\s]+)(#[^)]*)?\)/#)
            where !page.path.contains(".docc/") || match.output.1.contains("/") {
                let target = folder.appending(path: String(match.output.1)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(page.path) links to \(match.output.1)")
            }
        }
    }

    private static func variables(in text: String) -> Set<String> {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        return Set(words.filter { $0.hasPrefix("VERNAL_") && $0.count > 7 }.map(String.init))
            .subtracting(["VERNAL_POOL_SIZE_REPORTS"])
    }
}

extension SourceTree {
    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The Markdown files that people read.
    static func pages() throws -> [(path: String, text: String)] {
        let top = try FileManager.default.contentsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".md") }
        let below = ["Sources", "Tests", "examples"].flatMap { folder in
            (FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.compactMap { $0 as? String }
                ?? [])
                .filter { $0.hasSuffix(".md") && !$0.contains(".build/") }.map { "\(folder)/\($0)" }
        }
        return try (top + below).sorted().map { ($0, try text(of: $0)) }
    }
}
