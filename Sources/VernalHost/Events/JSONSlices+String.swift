extension JSONSlices {
    /// The text of a string, from its bytes with the quotes.
    ///
    /// - Throws: `Malformed` when an escape is half of a surrogate pair: that is no character.
    static func string(in literal: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard literal.first == UInt8(ascii: "\""), literal.count >= 2 else { throw Malformed() }
        var text: [UInt8] = []
        var rest = literal.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"): text += UTF8.encode(try scalar(&rest)).map(Array.init) ?? []
            case let escaped?: text.append(escaped)
            case nil: throw Malformed()
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The character of `XXXX`, or of `XXXX\uXXXX` when that is a surrogate pair.
    private static func scalar(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> Unicode.Scalar {
        let first = try codeUnit(&rest)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u")
        else { throw Malformed() }
        let second = try codeUnit(&rest)
        guard UTF16.isTrailSurrogate(second) else { throw Malformed() }
        return UTF16.decode(.init([first, second]))
    }

    private static func codeUnit(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = rest.popFirst(), let digit = hexDigit(byte) else { throw Malformed() }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
