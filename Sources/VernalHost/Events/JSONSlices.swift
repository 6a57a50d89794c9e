/// Reads the outermost level of a JSON text and leaves what is inside as the bytes that came.
///
/// Decoding a payload and encoding it again would change it: numbers lose digits, and members their order. So the
/// data of a CloudEvent is cut out. The whole text is checked against RFC 8259 on the way.
struct JSONSlices {
    /// The text is not JSON, or not of the kind that was asked for.
    struct Malformed: Error {}

    /// How deep values may be nested; the limit of Foundation's decoder.
    private static let deepest = 512

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) throws(Malformed) {
        // Once for the whole text, so that no string has to look at it.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Malformed() }
        self.bytes = bytes
    }

    /// The members of an object, in their order, each with the bytes of its value.
    ///
    /// - Throws: `Malformed`, also when a name comes twice, because readers would disagree about which counts.
    static func members(of bytes: [UInt8]) throws(Malformed) -> [(name: String, value: ArraySlice<UInt8>)] {
        var slices = try JSONSlices(bytes)
        var members: [(name: String, value: ArraySlice<UInt8>)] = []
        var names: Set<String> = []
        slices.skipSpace()
        try slices.skipMembers(depth: 1) { name, value throws(Malformed) in
            let name = try string(in: bytes[name])
            guard names.insert(name).inserted else { throw Malformed() }
            members.append((name, bytes[value]))
        }
        try slices.expectEnd()
        return members
    }

    /// The bytes of the elements of an array.
    static func elements(of bytes: [UInt8]) throws(Malformed) -> [ArraySlice<UInt8>] {
        var slices = try JSONSlices(bytes)
        var elements: [ArraySlice<UInt8>] = []
        slices.skipSpace()
        try slices.skipElements(depth: 1) { elements.append(bytes[$0]) }
        try slices.expectEnd()
        return elements
    }

    /// Checks that the bytes are one JSON value.
    static func check(_ bytes: [UInt8]) throws(Malformed) {
        var slices = try JSONSlices(bytes)
        slices.skipSpace()
        try slices.skipValue(depth: 1)
        try slices.expectEnd()
    }

    // MARK: Values

    private mutating func skipValue(depth: Int) throws(Malformed) {
        guard depth <= Self.deepest else { throw Malformed() }
        switch peek {
        case UInt8(ascii: "{"): try skipMembers(depth: depth) { _, _ in }
        case UInt8(ascii: "["): try skipElements(depth: depth) { _ in }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        default: try skipNumber()
        }
    }

    private mutating func skipMembers(
        depth: Int,
        _ found: (_ name: Range<Int>, _ value: Range<Int>) throws(Malformed) -> Void
    ) throws(Malformed) {
        try skipList(from: UInt8(ascii: "{"), to: UInt8(ascii: "}")) { slices throws(Malformed) in
            let name = slices.position
            try slices.skipString()
            let nameEnd = slices.position
            slices.skipSpace()
            try slices.skip(UInt8(ascii: ":"))
            slices.skipSpace()
            let value = slices.position
            try slices.skipValue(depth: depth + 1)
            try found(name..<nameEnd, value..<slices.position)
        }
    }

    private mutating func skipElements(depth: Int, _ found: (Range<Int>) -> Void) throws(Malformed) {
        try skipList(from: UInt8(ascii: "["), to: UInt8(ascii: "]")) { slices throws(Malformed) in
            let start = slices.position
            try slices.skipValue(depth: depth + 1)
            found(start..<slices.position)
        }
    }

    /// Skips items between brackets with commas between them; the closure skips one item.
    private mutating func skipList(
        from open: UInt8,
        to close: UInt8,
        _ skipItem: (inout JSONSlices) throws(Malformed) -> Void
    ) throws(Malformed) {
        try skip(open)
        skipSpace()
        if peek == close {
            position += 1
            return
        }
        while true {
            try skipItem(&self)
            skipSpace()
            let byte = peek
            position += 1
            if byte == close { return }
            guard byte == UInt8(ascii: ",") else { throw Malformed() }
            skipSpace()
        }
    }

    private mutating func skipString() throws(Malformed) {
        try skip(UInt8(ascii: "\""))
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case 0..<0x20: throw Malformed()
            case UInt8(ascii: "\\"):
                guard let escaped = peek else { throw Malformed() }
                position += 1
                if escaped == UInt8(ascii: "u") {
                    for _ in 0..<4 {
                        guard let digit = peek, hexDigit(digit) != nil else { throw Malformed() }
                        position += 1
                    }
                } else if !"\"\\/bfnrt".utf8.contains(escaped) {
                    throw Malformed()
                }
            default: break
            }
        }
        throw Malformed()
    }

    private mutating func skipNumber() throws(Malformed) {
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(Malformed) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if position == start { throw Malformed() }
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ byte: UInt8) throws(Malformed) {
        guard peek == byte else { throw Malformed() }
        position += 1
    }

    private mutating func skipWord(_ word: String) throws(Malformed) {
        for byte in word.utf8 { try skip(byte) }
    }

    private mutating func expectEnd() throws(Malformed) {
        skipSpace()
        if position != bytes.count { throw Malformed() }
    }
}
