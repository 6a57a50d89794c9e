import Testing

@testable import PoolCore

@Suite struct `The words of SQL` {
    private func named(_ text: String) -> SQLWord? {
        var hash = SQLHash()
        for byte in text.utf8 { hash.combine(byte) }
        return SQLWord(hash)
    }

    @Test func `are all found, and nothing else is`() {
        for word in SQLWord.allCases {
            #expect(named("\(word)") == word)
            #expect(named("\(word)_") == nil)
        }
        for number in 0..<10_000 { #expect(named("w\(number)") == nil) }
    }
}
