extension SQLTokenizer {
    /// The first byte that belongs to a token: behind white space and comments.
    static func afterBlanks(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index].isBlank {
                index += 1
            } else if startsLineComment(bytes, index) {
                index = lineEnd(bytes, index)
            } else if bytes[index] == UInt8(ascii: "/"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "*")
            {
                index = blockCommentEnd(bytes, index)
            } else {
                return index
            }
        }
        return index
    }

    static func startsLineComment(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        index + 1 < bytes.count && bytes[index] == UInt8(ascii: "-") && bytes[index + 1] == UInt8(ascii: "-")
    }

    /// The line break that ends a line, or the end of the text.
    static func lineEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < bytes.count, !bytes[index].breaksLine { index += 1 }
        return index
    }

    /// What follows a comment in `/* … */`, which may have others in it.
    private static func blockCommentEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var depth = 0
        var index = start
        while index + 1 < bytes.count {
            switch (bytes[index], bytes[index + 1]) {
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                depth += 1
                index += 2
            case (UInt8(ascii: "*"), UInt8(ascii: "/")):
                depth -= 1
                index += 2
                if depth == 0 { return index }
            default:
                index += 1
            }
        }
        return bytes.count
    }
}

extension UInt8 {
    /// White space to PostgreSQL; the vertical tab has only been one since 16, and separates nothing before.
    var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    var breaksLine: Bool { self == 0x0A || self == 0x0D }

    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    var isHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lowercased) }

    /// Whether a name without quotes can begin with it; all that is not ASCII can.
    var startsName: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercased) || self == UInt8(ascii: "_") || self >= 0x80
    }

    var continuesName: Bool { startsName || isDigit || self == UInt8(ascii: "$") }

    /// Folded as PostgreSQL folds the ASCII letters of names.
    var lowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
