/// Writes JSON, for what is written on every request; everything else uses `JSONEncoder`.
package struct JSONText {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() { bytes.reserveCapacity(1024) }

    /// The text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package mutating func object(_ content: (inout JSONText) -> Void) {
        open("{")
        content(&self)
        close("}")
    }

    package mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func field(_ name: String, _ value: Int) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
        needsComma = true
    }

    package mutating func fieldNull(_ name: String) {
        key(name)
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    package mutating func field(_ name: String, object content: (inout JSONText) -> Void) {
        key(name)
        object(content)
    }

    package mutating func field(_ name: String, strings: [String]) {
        key(name)
        open("[")
        for value in strings {
            comma()
            string(value)
        }
        close("]")
    }

    /// Any JSON value that is text already.
    package mutating func field(_ name: String, raw: some Sequence<UInt8>) {
        key(name)
        bytes.append(contentsOf: raw)
        needsComma = true
    }

    private mutating func open(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
        needsComma = false
    }

    private mutating func close(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func key(_ name: String) {
        comma()
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }
}

extension FunctionFailure {
    /// The JSON that clients get.
    package func body(for invocation: InvocationID) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.field("errorType", errorType)
            $0.field("errorMessage", message(for: invocation))
        }
        return json.bytes
    }
}
