/// Finds out whether a statement may leave something behind in the session.
///
/// It looks at words only, and takes one in a string for one that counts: a clean-up too many costs nothing that anybody
/// waits for, one too few leaks the state of one caller to the next.
package struct SessionChange {
    /// Words that count at the beginning of a statement.
    private static let commands = ["set", "reset", "listen", "declare", "prepare", "load", "do", "call"].map(Word.init)
    /// Words that count after `SET`, because what they set ends with the transaction.
    private static let local = ["local", "transaction", "constraints"].map(Word.init)
    /// Words that count anywhere.
    private static let anywhere = [
        "temp", "temporary", "pg_temp", "set_config", "setseed", "pg_advisory_lock", "pg_advisory_lock_shared",
        "pg_try_advisory_lock", "pg_try_advisory_lock_shared", "dblink_connect",
    ].map(Word.init)

    /// Whether a statement, or one of several, may change the session.
    package static func isPossible(by statement: String) -> Bool {
        var reader = SessionChange()
        for byte in statement.utf8 {
            if reader.read(byte) { return true }
        }
        // The last word ends with the text.
        return reader.read(UInt8(ascii: ";"))
    }

    private var word = Word()
    private var isFirst = true
    private var isAfterSet = false
    private var comment = Comment.none
    private var previous: UInt8 = 0

    private enum Comment { case none, line, block }

    /// - Returns: whether what was read so far may change the session.
    private mutating func read(_ byte: UInt8) -> Bool {
        defer { previous = byte }
        switch comment {
        case .none: break
        case .line:
            if byte == UInt8(ascii: "\n") { comment = .none }
            return false
        case .block:
            if byte == UInt8(ascii: "/"), previous == UInt8(ascii: "*") { comment = .none }
            return false
        }
        if word.append(byte) { return false }
        let changes = endWord()
        if byte == UInt8(ascii: ";") {
            // A SET without anything after it is an error.
            isFirst = true
            isAfterSet = false
        } else if byte == UInt8(ascii: "-"), previous == UInt8(ascii: "-") {
            comment = .line
        } else if byte == UInt8(ascii: "*"), previous == UInt8(ascii: "/") {
            comment = .block
        }
        return changes
    }

    private mutating func endWord() -> Bool {
        guard !word.isEmpty else { return false }
        defer { word = Word() }
        if isAfterSet {
            isAfterSet = false
            return !Self.local.contains(word)
        }
        if isFirst {
            isFirst = false
            if word == Self.commands[0] {
                isAfterSet = true
                return false
            }
            if Self.commands.contains(word) { return true }
        }
        // Most words are too short or begin otherwise.
        return word.mayCount && Self.anywhere.contains(word)
    }

    /// A word in lower case, as a number: two words may be alike, which does no harm.
    private struct Word: Equatable {
        private var number: UInt64 = 0
        private var length = 0

        init() {}

        init(_ text: String) {
            for byte in text.utf8 { append(byte) }
        }

        var isEmpty: Bool { length == 0 }
        var mayCount: Bool { length >= 4 }

        /// - Returns: whether the byte can be in a word.
        @discardableResult
        mutating func append(_ byte: UInt8) -> Bool {
            let lower = byte | 0x20
            let isPart =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte >= 0x80
            guard isPart else { return false }
            number = (number ^ UInt64(byte == UInt8(ascii: "_") ? byte : lower)) &* 0x100_0000_01b3
            length += 1
            return true
        }
    }
}
