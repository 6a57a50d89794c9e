/// The query of a request's target, decoded when it is asked.
public struct RequestQuery: Sendable, Hashable {
    /// The query as it was sent, without the question mark; empty when there is none.
    public let raw: String

    /// Wraps a query that is still percent-encoded.
    public init(_ raw: String) {
        self.raw = raw
    }

    /// The first value of a parameter; `nil` when it is missing, empty when it has no value.
    public subscript(name: String) -> String? {
        for pair in pairs where Self.name(of: pair) == name { return Self.value(of: pair) }
        return nil
    }

    /// Every value of a parameter, in the order in which they were sent.
    public func all(_ name: String) -> [String] {
        pairs.filter { Self.name(of: $0) == name }.map(Self.value)
    }

    private var pairs: [Substring.UTF8View] {
        raw.utf8.split(separator: UInt8(ascii: "&")).map { Substring($0).utf8 }
    }

    private static func name(of pair: Substring.UTF8View) -> String {
        percentDecoded(pair.prefix { $0 != UInt8(ascii: "=") }, plusIsSpace: true)
    }

    private static func value(of pair: Substring.UTF8View) -> String {
        percentDecoded(pair.drop { $0 != UInt8(ascii: "=") }.dropFirst(), plusIsSpace: true)
    }
}

/// The text with `%XX` decoded; a broken escape is left as it is, and what is not UTF-8 becomes U+FFFD.
func percentDecoded(_ encoded: some Sequence<UInt8>, plusIsSpace: Bool) -> String {
    let bytes = Array(encoded)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
        {
            decoded.append(high << 4 | low)
            index += 3
        } else {
            decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

/// The value of a hexadecimal digit; `nil` when it is none.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
