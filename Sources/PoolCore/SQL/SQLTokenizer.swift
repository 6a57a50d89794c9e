/// Reads the tokens of a statement as PostgreSQL's own lexer does (`src/backend/parser/scan.l`), over the bytes of its
/// UTF-8 text and without an allocation.
///
/// Comments and white space are left out. The two differences to PostgreSQL's lexer matter to nobody who looks for words: each
/// character of an operator is a token of its own, and what PostgreSQL refuses is passed on as it comes. It is taken for
/// granted that `standard_conforming_strings` is on, as it has been by default since 9.1.
package struct SQLTokenizer: Sendable {
    /// Where the next token is looked for.
    private(set) var position: Int

    /// Makes a tokenizer.
    ///
    /// - Parameter position: the first byte to read.
    package init(at position: Int = 0) {
        self.position = position
    }

    /// Reads the next token.
    ///
    /// - Parameter bytes: the text; the same at every call.
    /// - Returns: the token; `nil` at the end.
    package mutating func next(in bytes: Span<UInt8>) -> SQLToken? {
        position = Self.afterBlanks(in: bytes, from: position)
        guard position < bytes.count else { return nil }
        let token = read(bytes)
        position = token.range.upperBound
        return token
    }

    private func read(_ bytes: Span<UInt8>) -> SQLToken {
        let start = position
        let byte = bytes[start]
        switch byte {
        case UInt8(ascii: "'"): return string(bytes, start, quote: start, escapes: false)
        case UInt8(ascii: "\""): return quotedName(bytes, start, quote: start)
        case UInt8(ascii: "$"): return dollar(bytes, start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number(bytes, start)
        case UInt8(ascii: "."):
            let next = start + 1 < bytes.count ? bytes[start + 1] : 0
            // ".." is one sign, so that "1..10" has two numbers in it.
            if next == UInt8(ascii: ".") { return SQLToken(.sign, start..<start + 2) }
            return next.isDigit ? number(bytes, start) : SQLToken(.sign, start..<start + 1)
        case _ where byte.startsName: return prefixedString(bytes, start) ?? word(bytes, start)
        default: return SQLToken(.sign, start..<start + 1)
        }
    }

    private func word(_ bytes: Span<UInt8>, _ start: Int) -> SQLToken {
        var end = start + 1
        while end < bytes.count, bytes[end].continuesName { end += 1 }
        return SQLToken(.word, start..<end)
    }

    /// A string or name whose quote has letters before it.
    private func prefixedString(_ bytes: Span<UInt8>, _ start: Int) -> SQLToken? {
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        switch bytes[start].lowercased {
        case UInt8(ascii: "e") where next == UInt8(ascii: "'"):
            return string(bytes, start, quote: start + 1, escapes: true)
        case UInt8(ascii: "b"), UInt8(ascii: "x"), UInt8(ascii: "n"):
            return next == UInt8(ascii: "'") ? string(bytes, start, quote: start + 1, escapes: false) : nil
        case UInt8(ascii: "u") where next == UInt8(ascii: "&") && start + 2 < bytes.count:
            switch bytes[start + 2] {
            case UInt8(ascii: "'"): return string(bytes, start, quote: start + 2, escapes: false)
            case UInt8(ascii: "\""): return quotedName(bytes, start, quote: start + 2)
            default: return nil
            }
        default:
            return nil
        }
    }

    private func string(_ bytes: Span<UInt8>, _ start: Int, quote: Int, escapes: Bool) -> SQLToken {
        var index = quote + 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where escapes:
                index += 2
            case UInt8(ascii: "'"):
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "'") {
                    index += 2
                } else if let next = Self.continuation(in: bytes, after: index + 1) {
                    index = next + 1
                } else {
                    return SQLToken(.string, start..<index + 1, content: quote + 1..<index)
                }
            default:
                index += 1
            }
        }
        return SQLToken(.string, start..<bytes.count, content: quote + 1..<bytes.count, isUnterminated: true)
    }

    /// The quote with which a string goes on, after white space with a line break in it.
    private static func continuation(in bytes: Span<UInt8>, after end: Int) -> Int? {
        var index = end
        while index < bytes.count, bytes[index].isBlank, !bytes[index].breaksLine { index += 1 }
        if startsLineComment(bytes, index) { index = lineEnd(bytes, index) }
        guard index < bytes.count, bytes[index].breaksLine else { return nil }
        while index < bytes.count {
            if bytes[index].isBlank {
                index += 1
            } else if startsLineComment(bytes, index) {
                index = lineEnd(bytes, index)
                // A comment that ends with the text has no line break behind it.
                if index == bytes.count { return nil }
            } else {
                return bytes[index] == UInt8(ascii: "'") ? index : nil
            }
        }
        return nil
    }

    private func quotedName(_ bytes: Span<UInt8>, _ start: Int, quote: Int) -> SQLToken {
        var index = quote + 1
        while index < bytes.count {
            if bytes[index] != UInt8(ascii: "\"") {
                index += 1
            } else if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\"") {
                index += 2
            } else {
                return SQLToken(.quotedName, start..<index + 1, content: quote + 1..<index)
            }
        }
        return SQLToken(.quotedName, start..<bytes.count, content: quote + 1..<bytes.count, isUnterminated: true)
    }

    /// A parameter, a string between dollar tags, or a dollar that means nothing.
    private func dollar(_ bytes: Span<UInt8>, _ start: Int) -> SQLToken {
        var index = start + 1
        if index < bytes.count, bytes[index].isDigit {
            while index < bytes.count, bytes[index].isDigit { index += 1 }
            return SQLToken(.parameter, start..<index)
        }
        if index < bytes.count, bytes[index].startsName {
            index += 1
            while index < bytes.count, bytes[index].continuesName, bytes[index] != UInt8(ascii: "$") { index += 1 }
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "$") else { return SQLToken(.sign, start..<start + 1) }
        let tag = start..<index + 1
        index += 1
        let content = index
        while index + tag.count <= bytes.count {
            if bytes[index] == UInt8(ascii: "$"), Self.equal(bytes, tag, at: index) {
                return SQLToken(.dollarString, start..<index + tag.count, content: content..<index)
            }
            index += 1
        }
        return SQLToken(.dollarString, start..<bytes.count, content: content..<bytes.count, isUnterminated: true)
    }

    private static func equal(_ bytes: Span<UInt8>, _ tag: Range<Int>, at index: Int) -> Bool {
        for offset in 0..<tag.count where bytes[tag.lowerBound + offset] != bytes[index + offset] { return false }
        return true
    }

    private func number(_ bytes: Span<UInt8>, _ start: Int) -> SQLToken {
        func digits(_ from: Int) -> Int {
            var index = from
            while index < bytes.count, bytes[index].isDigit || bytes[index] == UInt8(ascii: "_") { index += 1 }
            return index
        }
        if bytes[start] == UInt8(ascii: "0"), start + 2 < bytes.count, bytes[start + 2].isHexDigit {
            switch bytes[start + 1].lowercased {
            case UInt8(ascii: "x"), UInt8(ascii: "o"), UInt8(ascii: "b"):
                var index = start + 2
                while index < bytes.count, bytes[index].isHexDigit || bytes[index] == UInt8(ascii: "_") { index += 1 }
                return SQLToken(.number, start..<index)
            default: break
            }
        }
        var end = digits(start)
        // "1..10" is a range of two numbers.
        if end < bytes.count, bytes[end] == UInt8(ascii: "."),
            end + 1 == bytes.count || bytes[end + 1] != UInt8(ascii: ".")
        {
            end = digits(end + 1)
        }
        if end < bytes.count, bytes[end].lowercased == UInt8(ascii: "e") {
            var exponent = end + 1
            if exponent < bytes.count, bytes[exponent] == UInt8(ascii: "+") || bytes[exponent] == UInt8(ascii: "-") {
                exponent += 1
            }
            if exponent < bytes.count, bytes[exponent].isDigit { end = digits(exponent) }
        }
        return SQLToken(.number, start..<end)
    }
}
