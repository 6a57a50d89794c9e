/// FNV-1a over words: the same for the same words in every process, and cheap.
struct FNVHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ word: some BinaryInteger) {
        value = (value ^ UInt64(truncatingIfNeeded: word)) &* 0x0000_0100_0000_01B3
    }
}
