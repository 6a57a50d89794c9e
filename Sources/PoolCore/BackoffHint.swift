package import Moments

/// What a process leaves behind for its successor in the same sandbox: that the server was short of connections.
///
/// When a function crashes or runs out of time its platform starts it anew in the same sandbox, with the folder for
/// temporary files as it was. Without a word from its predecessor the new process would ask at once where the old one had
/// learned to wait. It is only a hint: whatever is wrong with it, it is as if there were none.
///
/// The format is one line of six words: `vernal-backoff-1`, the boot's name, the server's fingerprint in hexadecimal, and
/// in milliseconds since the boot when it was written and until when to stay away, then how many connects had failed.
package struct BackoffHint: Sendable, Hashable {
    /// Of which boot of the machine the times are.
    package let boot: String
    /// Which server it is about.
    package let server: UInt64
    /// When it was written.
    package let written: Moment
    /// Until when not to ask.
    package let until: Moment
    /// How many connects had failed in a row.
    package let failures: Int

    /// The longest time for which a hint is believed.
    package static let longest: Duration = .seconds(30)
    /// The most bytes that a hint has.
    package static let mostBytes = 256
    private static let word = "vernal-backoff-1"

    package init(boot: String, server: UInt64, written: Moment, until: Moment, failures: Int) {
        self.boot = boot
        self.server = server
        self.written = written
        self.until = until
        self.failures = failures
    }

    /// Reads a hint.
    ///
    /// - Returns: `nil` when it is none.
    package init?(parsing text: String) {
        guard text.utf8.count <= Self.mostBytes, text.hasSuffix("\n") else { return nil }
        let words = text.dropLast().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0] == Self.word, !words[1].isEmpty,
            let server = UInt64(words[2], radix: 16),
            let written = Self.moment(words[3]), let until = Self.moment(words[4]),
            let failures = Int(words[5]), failures >= 0
        else { return nil }
        self.init(boot: String(words[1]), server: server, written: written, until: until, failures: failures)
    }

    /// The line, with its end.
    package var text: String {
        let times = [written, until].map { String(Int64($0.sinceBoot / .milliseconds(1))) }
        return ([Self.word, boot, String(server, radix: 16)] + times + [String(failures)]).joined(separator: " ") + "\n"
    }

    /// Whether it says anything about a connect to that server at that time.
    ///
    /// Not after a boot, not about another server, not when its time is over, and not when its times make no sense.
    package func holds(at now: Moment, boot: String, server: UInt64) -> Bool {
        self.boot == boot && self.server == server && written <= now && now < until && until - written <= Self.longest
    }

    private static func moment(_ word: Substring) -> Moment? {
        // Beyond the range of a duration in attoseconds there is no sense either.
        guard let milliseconds = Int64(word), (0...Int64(1) << 52).contains(milliseconds) else { return nil }
        return Moment(sinceBoot: .milliseconds(milliseconds))
    }
}

/// What is known of a file before its words are believed.
package struct FileFacts: Sendable, Hashable {
    package let owner: UInt32
    /// The permission bits.
    package let mode: UInt32
    package let isRegular: Bool

    package init(owner: UInt32, mode: UInt32, isRegular: Bool) {
        self.owner = owner
        self.mode = mode
        self.isRegular = isRegular
    }

    /// Whether nobody else can have written it: a plain file of that user that others may not write.
    package func isTrusted(by user: UInt32) -> Bool {
        isRegular && owner == user && mode & 0o022 == 0
    }
}
