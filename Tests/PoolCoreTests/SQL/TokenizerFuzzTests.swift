import Foundation
import PoolCore
import Testing

/// Random texts, read by the tokenizer and by another one that was written in another way.
@Suite struct `The SQL tokenizer on random texts` {
    private static let fragments = [
        "'", "''", "\"", "\"\"", "$", "$$", "$a$", "$a$b", "$1", "E'", "e'", "U&'", "U&\"", "B'", "n'", "\\", "\\'",
        "--", "-",
        "/*", "*/", "/", "*", "\n", "\r", " ", "\t", ";", "(", ")", ",", ".", "..", "1", "0x1F", "1.5e3", "e", "_",
        "SET", "a",
        "é", "日本", "LISTEN", "pg_advisory_lock(", "\u{0B}", "\u{0C}", "+", "@", "1_0", "{", "\u{FEFF}",
    ]

    @Test func `agrees with a second implementation, and covers every byte`() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["VERNAL_FUZZ"].flatMap { Int($0) } ?? 6000
        let seed = environment["VERNAL_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
        var randomness = Randomness(seed: seed)
        for number in 0..<count {
            var bytes: [UInt8] = []
            for _ in 0..<randomness.number(0...12) {
                // Now and then any byte, so that broken UTF-8 is among the texts.
                if randomness.chance(5) {
                    bytes.append(UInt8(truncatingIfNeeded: randomness.next()))
                } else {
                    bytes += Array(Self.fragments[randomness.number(0...Self.fragments.count - 1)].utf8)
                }
            }
            let found = Self.tokens(bytes)
            let expected = ReferenceTokenizer.tokens(bytes)
            guard found == expected else {
                Issue.record("seed \(seed), text \(number): \(bytes): \(found) instead of \(expected)")
                return
            }
            // The classifier has to live with any text, too.
            _ = StatementClassifier.classify(bytes.span)
        }
    }

    private static func tokens(_ bytes: [UInt8]) -> [ReferenceTokenizer.Token] {
        var tokenizer = SQLTokenizer()
        var found: [ReferenceTokenizer.Token] = []
        while let token = tokenizer.next(in: bytes.span) {
            found.append(ReferenceTokenizer.Token(kind: token.kind, range: token.range))
        }
        return found
    }
}

/// A slow tokenizer: a list of patterns, tried one after the other at each place, as the rules of a lexer generator are.
enum ReferenceTokenizer {
    struct Token: Equatable, CustomStringConvertible {
        let kind: SQLToken.Kind
        let range: Range<Int>
        var description: String { "\(kind)\(range)" }
    }

    static func tokens(_ bytes: [UInt8]) -> [Token] {
        // One character for one byte, so that places are those of bytes.
        let text = bytes.map { Character(UnicodeScalar($0)) }
        var tokens: [Token] = []
        var place = 0
        while place < text.count {
            if let end = blank(text, place) {
                place = end
                continue
            }
            let rules: [(SQLToken.Kind, ([Character], Int) -> Int?)] = [
                (.string, string), (.quotedName, quotedName), (.dollarString, dollarString), (.parameter, parameter),
                (.number, number), (.word, word),
            ]
            let match = rules.lazy.compactMap { kind, rule in rule(text, place).map { (kind, $0) } }.first
            let (kind, end) = match ?? (.sign, place + (has("..", text, place) ? 2 : 1))
            tokens.append(Token(kind: kind, range: place..<end))
            place = end
        }
        return tokens
    }

    private static let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
    private static let digits = Set("0123456789")

    private static func begins(_ character: Character) -> Bool {
        letters.contains(character) || !(character.isASCII)
    }

    private static func isSpace(_ character: Character) -> Bool {
        guard let value = character.asciiValue else { return false }
        return value == 32 || (9...13).contains(value)
    }

    private static func isNewline(_ character: Character) -> Bool { [10, 13].contains(character.asciiValue) }

    private static func has(_ prefix: String, _ text: [Character], _ place: Int) -> Bool {
        text[place...].starts(with: prefix)
    }

    private static func blank(_ text: [Character], _ place: Int) -> Int? {
        if isSpace(text[place]) { return place + 1 }
        if has("--", text, place) { return text[place...].firstIndex(where: isNewline) ?? text.count }
        guard has("/*", text, place) else { return nil }
        var open = 1
        var end = place + 2
        while open > 0, end < text.count {
            if has("/*", text, end) {
                open += 1
                end += 2
            } else if has("*/", text, end) {
                open -= 1
                end += 2
            } else {
                end += 1
            }
        }
        return open == 0 ? end : text.count
    }

    private static func string(_ text: [Character], _ place: Int) -> Int? {
        let prefixes: [(String, Bool)] = [
            ("'", false), ("e'", true), ("E'", true), ("b'", false), ("B'", false), ("x'", false), ("X'", false),
            ("n'", false), ("N'", false), ("u&'", false), ("U&'", false),
        ]
        guard let (prefix, escapes) = prefixes.first(where: { has($0.0, text, place) }) else { return nil }
        var end = place + prefix.count
        while end < text.count {
            if escapes, has("\\", text, end) {
                end += 2
            } else if has("''", text, end) {
                end += 2
            } else if has("'", text, end) {
                guard let next = quoteOnNextLine(text, end + 1) else { return end + 1 }
                end = next + 1
            } else {
                end += 1
            }
        }
        return text.count
    }

    private static func quoteOnNextLine(_ text: [Character], _ place: Int) -> Int? {
        // quotecontinue: blanks or one comment up to a line break, then blanks and whole comment lines, then a quote.
        var between = text[place...].prefix { $0 != "'" }
        guard between.endIndex < text.count else { return nil }
        var sawNewline = false
        while let first = between.first {
            if isNewline(first) {
                sawNewline = true
                between = between.dropFirst()
            } else if isSpace(first) {
                between = between.dropFirst()
            } else if has("--", text, between.startIndex) {
                // The comment may have the quote in it.
                guard let newline = text[between.startIndex...].firstIndex(where: isNewline) else { return nil }
                between = text[newline...].prefix { $0 != "'" }
                guard between.endIndex < text.count else { return nil }
            } else {
                return nil
            }
        }
        return sawNewline ? between.endIndex : nil
    }

    private static func quotedName(_ text: [Character], _ place: Int) -> Int? {
        guard let prefix = ["\"", "u&\"", "U&\""].first(where: { has($0, text, place) }) else { return nil }
        var end = place + prefix.count
        while end < text.count {
            if has("\"\"", text, end) {
                end += 2
            } else if has("\"", text, end) {
                return end + 1
            } else {
                end += 1
            }
        }
        return text.count
    }

    private static func dollarString(_ text: [Character], _ place: Int) -> Int? {
        guard has("$", text, place), let close = text[(place + 1)...].firstIndex(of: "$") else { return nil }
        let name = text[(place + 1)..<close]
        guard name.allSatisfy({ begins($0) || digits.contains($0) }), name.first.map(begins) ?? true else { return nil }
        let tag = text[place...close]
        var end = close + 1
        while end < text.count {
            if text[end...].starts(with: tag) { return end + tag.count }
            end += 1
        }
        return text.count
    }

    private static func parameter(_ text: [Character], _ place: Int) -> Int? {
        guard has("$", text, place) else { return nil }
        let count = text[(place + 1)...].prefix(while: digits.contains).count
        return count > 0 ? place + 1 + count : nil
    }

    private static func number(_ text: [Character], _ place: Int) -> Int? {
        let hex = Set("0123456789abcdefABCDEF")
        let spaced = digits.union("_")
        func run(_ allowed: Set<Character>, _ from: Int) -> Int {
            from < text.count ? text[from...].firstIndex { !allowed.contains($0) } ?? text.count : from
        }
        for radix in ["0x", "0X", "0o", "0O", "0b", "0B"] where has(radix, text, place) {
            if place + 2 < text.count, hex.contains(text[place + 2]) { return run(hex.union("_"), place + 2) }
        }
        var end = place
        if digits.contains(text[place]) {
            end = run(spaced, place)
            if end < text.count, text[end] == ".", !has("..", text, end) { end = run(spaced, end + 1) }
        } else if text[place] == ".", place + 1 < text.count, digits.contains(text[place + 1]) {
            end = run(spaced, place + 1)
        } else {
            return nil
        }
        if end < text.count, "eE".contains(text[end]) {
            let sign = end + 1 < text.count && "+-".contains(text[end + 1]) ? 1 : 0
            let exponent = end + 1 + sign
            if exponent < text.count, digits.contains(text[exponent]) { end = run(spaced, exponent) }
        }
        return end
    }

    private static func word(_ text: [Character], _ place: Int) -> Int? {
        guard begins(text[place]) else { return nil }
        return text[place...].firstIndex { !begins($0) && !digits.contains($0) && $0 != "$" } ?? text.count
    }
}
