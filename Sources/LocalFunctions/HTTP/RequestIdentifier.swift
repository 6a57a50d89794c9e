/// Random identifiers in the form of a UUID, without Foundation's string conversions on the way of every request.
package enum RequestIdentifier {
    /// A version 4 UUID in lower case.
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (half, dashes) in [(high, [8, 12]), (low, [0, 4])] {
            for position in 0..<16 {
                if dashes.contains(position) { text.append(UInt8(ascii: "-")) }
                let digit = UInt8((half >> UInt64(60 - 4 * position)) & 0xF)
                text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
