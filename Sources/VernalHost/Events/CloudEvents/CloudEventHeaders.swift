import HTTPTypes

/// How an attribute is written in a header field: section 3.1.3.2 of the HTTP protocol binding.
enum CloudEventHeader {
    /// Encodes what is not printable ASCII, and the three characters that have a meaning of their own.
    static func encode(_ value: String) -> String {
        var encoded: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "%"): appendPercentEncoded(byte, to: &encoded)
            case 0x21...0x7e: encoded.append(byte)
            default: appendPercentEncoded(byte, to: &encoded)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Takes the quotes off, if there are some, and decodes once; `nil` when that gives no UTF-8.
    ///
    /// Quotes and unescaped spaces come from senders of older versions. A percent sign that begins no escape stays.
    static func decode(_ value: String) -> String? {
        let bytes = unquoted(Array(value.utf8))
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return bytes }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in bytes[1..<bytes.count - 1] {
            if byte == UInt8(ascii: "\\"), !isEscaped {
                isEscaped = true
            } else {
                isEscaped = false
                result.append(byte)
            }
        }
        return result
    }
}
