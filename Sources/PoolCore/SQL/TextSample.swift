/// Tells the statements of a program apart without reading all of each.
///
/// Two that are not the same may well have one sample, so that the texts have to be compared, too.
package struct TextSample: Sendable, Hashable {
    /// The low bits tell as much as the high ones.
    let value: UInt64

    /// About so many words are read, evenly spread: all of a text of up to 136 bytes.
    private static let words = 16
    private static let wordSize = 8

    package init(_ text: String) { self.init(text.utf8.span) }

    /// The length and some of the bytes, by FNV-1a on words.
    init(_ bytes: Span<UInt8>) {
        var hash = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
        func mix(_ word: UInt64) {
            hash = (hash ^ word) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 32
        }
        let last = bytes.count - Self.wordSize
        if last < 0 {
            for index in bytes.indices { mix(UInt64(bytes[index])) }
        } else {
            let step = max(Self.wordSize, last / Self.words)
            for offset in stride(from: 0, to: last, by: step) { mix(bytes.word(at: offset)) }
            mix(bytes.word(at: last))
        }
        value = hash ^ hash >> 16
    }
}

extension Span<UInt8> {
    /// Eight bytes as one number.
    @inline(__always)
    fileprivate func word(at offset: Int) -> UInt64 {
        // The optimiser makes one load of it, because it knows how many there are.
        let eight = extracting(offset..<offset + 8)
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(eight[index]) << UInt64(8 * index) }
        return word
    }
}
