import Moments
import PoolCore
import Testing

@Suite struct `A backoff hint` {
    private let now = PoolDriver.start
    private var hint: BackoffHint {
        BackoffHint(boot: "a-b-c", server: 0xF00D, written: now, until: now + .seconds(3), failures: 2)
    }

    @Test func `is one line, and is read as it was written`() {
        #expect(hint.text == "vernal-backoff-1 a-b-c f00d 1000000000 1000003000 2\n")
        #expect(BackoffHint(parsing: hint.text) == hint)
    }

    @Test(arguments: [
        "", "\n", "vernal-backoff-1", "vernal-backoff-1 a f00d 1 2 2", "vernal-backoff-2 a f00d 1 2 2\n",
        "vernal-backoff-1  f00d 1 2 2\n", "vernal-backoff-1 a wxyz 1 2 2\n", "vernal-backoff-1 a f00d -1 2 2\n",
        "vernal-backoff-1 a f00d 1 99999999999999999999 2\n", "vernal-backoff-1 a f00d 1 9223372036854775807 2\n",
        "vernal-backoff-1 a f00d 1 2 -2\n", "vernal-backoff-1 a f00d 1 2\n", "vernal-backoff-1 a f00d 1 2 2 2\n",
        "vernal-backoff-1 a f00d 1 2 2\n\n", String(repeating: "a", count: 300) + "\n",
    ])
    func `is none if it is written in any other way`(text: String) {
        #expect(BackoffHint(parsing: text) == nil)
    }

    @Test(arguments: 1...200)
    func `is read or refused, whatever bytes it is made of`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var bytes = Array(hint.text.utf8)
        for _ in 0...random.number(0...3) {
            bytes[random.number(0...(bytes.count - 1))] = UInt8(random.number(0...255))
        }
        guard let read = BackoffHint(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        #expect(BackoffHint(parsing: read.text) == read, "seed \(seed)")
    }

    @Test func `holds until its time is over`() {
        #expect(hint.holds(at: now, boot: "a-b-c", server: 0xF00D))
        #expect(hint.holds(at: now + .milliseconds(2999), boot: "a-b-c", server: 0xF00D))
        #expect(!hint.holds(at: now + .seconds(3), boot: "a-b-c", server: 0xF00D))
    }

    @Test func `holds for its own boot and server, and not before it was written`() {
        #expect(!hint.holds(at: now, boot: "a-b-d", server: 0xF00D))
        #expect(!hint.holds(at: now, boot: "a-b-c", server: 0xBEEF))
        #expect(!hint.holds(at: now - .milliseconds(1), boot: "a-b-c", server: 0xF00D))
    }

    @Test func `is not believed for longer than half a minute`() {
        for (seconds, holds) in [(30, true), (31, false), (86_400, false)] {
            let hint = BackoffHint(boot: "a", server: 1, written: now, until: now + .seconds(seconds), failures: 1)
            #expect(hint.holds(at: now, boot: "a", server: 1) == holds)
        }
    }

    @Test(arguments: [
        (1000, 0o600, true, true), (1000, 0o644, true, true), (1000, 0o666, true, false), (1000, 0o620, true, false),
        (0, 0o600, true, false), (1001, 0o600, true, false), (1000, 0o600, false, false),
    ])
    func `is believed only from a plain file that nobody else can have written`(
        owner: Int,
        mode: Int,
        isRegular: Bool,
        isTrusted: Bool
    ) {
        let facts = FileFacts(owner: UInt32(owner), mode: UInt32(mode), isRegular: isRegular)
        #expect(facts.isTrusted(by: 1000) == isTrusted)
    }
}
