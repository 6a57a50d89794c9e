/// Tells the statements of a program apart without reading all of each.
///
/// Two that are not the same may well have one sample, so that the texts have to be compared, too.
enum TextSample {
    private static let size = 32

    /// The length and some of the bytes: FNV-1a, mixed so that the low bits tell as much as the high ones.
    static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
        let step = max(1, bytes.count / size)
        var index = 0
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
            index += step
        }
        hash ^= hash >> 32
        return hash ^ hash >> 16
    }
}
