import Crypto
import Foundation

/// The arithmetic of Signature Version 4.
enum Signature {
    /// Signs a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - secret: The secret access key.
    ///   - scope: Day, region, service and `aws4_request`; the key is good for these only.
    /// - Returns: the signature in hexadecimal digits.
    static func of(_ text: String, secret: String, scope: String) -> String {
        var key = SymmetricKey(data: Data("AWS4\(secret)".utf8))
        for part in scope.split(separator: "/") { key = SymmetricKey(data: code(String(part), key)) }
        return hex(code(text, key))
    }

    /// The hash of a text.
    static func hash(_ text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    /// A text with all but letters, digits and `-._~` percent-encoded, byte by byte.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                escaped += "%" + digits(of: byte).uppercased()
            }
        }
        return escaped
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map(digits).joined() }

    private static func digits(of byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
