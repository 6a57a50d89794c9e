import LibpqIO

// Small pieces of text that several types are printed with.

/// A number from 0 to 99 with two digits; a larger one with as many as it has.
func twoDigits(_ number: some BinaryInteger) -> String {
    number < 10 ? "0\(number)" : "\(number)"
}

/// A number with at least four digits.
func fourDigits(_ number: some BinaryInteger) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
}

/// Bytes as lower-case hexadecimal digits.
func hexText(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    String(unsafeUninitializedCapacityless: range.count * 2) { index in
        let byte = bytes[range.lowerBound + index / 2]
        let nibble = index.isMultiple(of: 2) ? byte >> 4 : byte & 15
        return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble
    }
}

extension String {
    /// Text of ASCII characters, made one by one.
    fileprivate init(unsafeUninitializedCapacityless count: Int, _ character: (Int) -> UInt8) {
        var characters: [UInt8] = []
        characters.reserveCapacity(count)
        for index in 0..<count { characters.append(character(index)) }
        self.init(decoding: characters, as: UTF8.self)
    }
}

/// The value of a hexadecimal digit.
func hexDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// A `uuid` in its usual form.
func uuidText(_ bytes: Span<UInt8>) throws(DecodingFailure) -> String {
    try bytes.requireCount(16)
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hexText(bytes, $0) }.joined(separator: "-")
}

/// A `macaddr` or `macaddr8`.
func hardwareAddressText(_ bytes: Span<UInt8>, count: Int) throws(DecodingFailure) -> String {
    try bytes.requireCount(count)
    return (0..<count).map { hexText(bytes, $0..<($0 + 1)) }.joined(separator: ":")
}

/// A `bit` or `varbit`: the number of bits, and the bits from the highest of each byte.
func bitText(_ bytes: Span<UInt8>) throws(DecodingFailure) -> String {
    guard bytes.count >= 4 else { throw .malformed }
    let count = Int(bytes.bigEndian(as: Int32.self))
    guard count >= 0, bytes.count - 4 == (count + 7) / 8 else { throw .malformed }
    var text = ""
    text.reserveCapacity(count)
    for index in 0..<count {
        text += bytes[4 + index / 8] & (0x80 >> UInt8(index % 8)) == 0 ? "0" : "1"
    }
    return text
}

/// An `inet` or `cidr`: family (2 or 3), bits of the prefix, whether it is a `cidr`, length, address.
func networkText(_ bytes: Span<UInt8>) throws(DecodingFailure) -> String {
    guard bytes.count >= 4 else { throw .malformed }
    let isIPv4 = bytes[0] == 2
    let size = isIPv4 ? 4 : 16
    let prefix = Int(bytes[1])
    guard isIPv4 || bytes[0] == 3, Int(bytes[3]) == size, bytes.count == 4 + size, prefix <= size * 8 else {
        throw .malformed
    }
    let address =
        isIPv4
        ? (4..<8).map { String(bytes[$0]) }.joined(separator: ".")
        : ipv6Text((0..<8).map { bytes.bigEndian(at: 4 + $0 * 2) })
    // A network always shows its prefix, an address only if it is not the whole one.
    return bytes[2] != 0 || prefix != size * 8 ? "\(address)/\(prefix)" : address
}

private func ipv6Text(_ words: [UInt16]) -> String {
    // The longest run of zeros, the first of equal ones, is left out.
    var best = 0..<0
    var index = 0
    while index < words.count {
        var end = index
        while end < words.count, words[end] == 0 { end += 1 }
        if end - index > best.count { best = index..<end }
        index = max(end, index + 1)
    }
    if best.count < 2 { best = 0..<0 }
    let hex = words.map { String($0, radix: 16) }
    if best.isEmpty { return hex.joined(separator: ":") }
    var tail = hex[best.upperBound...].joined(separator: ":")
    let holdsIPv4 = best.lowerBound == 0 && (best.count == 6 || best.count == 5 && words[5] == 0xFFFF)
    if holdsIPv4 {
        let dotted = [words[6] >> 8, words[6] & 255, words[7] >> 8, words[7] & 255].map { String($0) }
        tail = (best.count == 5 ? "ffff:" : "") + dotted.joined(separator: ".")
    }
    return hex[..<best.lowerBound].joined(separator: ":") + "::" + tail
}
