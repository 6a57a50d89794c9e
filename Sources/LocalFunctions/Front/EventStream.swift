/// Messages of `application/vnd.amazon.eventstream`.
package enum EventStream {
    /// One message with text headers.
    package static func message(_ headers: [(name: String, value: String)], _ payload: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        for (name, value) in headers {
            encoded.append(UInt8(name.utf8.count))
            encoded += name.utf8
            encoded.append(7)  // A text.
            encoded += UInt16(value.utf8.count).bigEndianBytes
            encoded += value.utf8
        }
        var message = UInt32(16 + encoded.count + payload.count).bigEndianBytes
        message += UInt32(encoded.count).bigEndianBytes
        message += checksum(message).bigEndianBytes
        message += encoded
        message += payload
        message += checksum(message).bigEndianBytes
        return message
    }

    /// An event.
    package static func event(_ type: String, contentType: String, _ payload: [UInt8]) -> [UInt8] {
        message([(":event-type", type), (":content-type", contentType), (":message-type", "event")], payload)
    }

    /// CRC-32 as in IEEE 802.3.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xFF)] }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] {
        stride(from: bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> Self($0)) }
    }
}
