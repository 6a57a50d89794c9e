import Moments
import PoolCore

/// The circuit breaker once more, told as the phase that it is in.
struct ReferenceBreaker {
    enum Phase {
        case closed(failures: Int)
        case open(from: Instant, until: Instant, nth: Int)
        case probing(ConnectionID, since: Instant, nth: Int)
    }

    let threshold: Int
    let probeLimit: Duration
    private(set) var phase = Phase.closed(failures: 0)
    /// When it was open last, which may be over.
    private var last: (from: Instant, until: Instant, nth: Int)?

    init(threshold: Int, probeLimit: Duration) {
        self.threshold = threshold
        self.probeLimit = probeLimit
    }

    var isClosed: Bool { if case .closed = phase { true } else { false } }

    func heldUntil(_ now: Instant) -> Instant? {
        switch phase {
        case .closed: nil
        case .open(let from, let until, _): (from..<max(from, until)).contains(now) ? until : nil
        case .probing(_, let since, _): max(since + probeLimit, now + .milliseconds(100))
        }
    }

    mutating func began(_ connection: ConnectionID, now: Instant) {
        if case .open(_, _, let nth) = phase { phase = .probing(connection, since: now, nth: nth) }
    }

    mutating func succeeded() { phase = .closed(failures: 0) }

    /// - Returns: whether it opened.
    mutating func failed(_ connection: ConnectionID, isDefinite: Bool, now: Instant, jitter: Double) -> Bool {
        switch phase {
        case .closed(let failures):
            guard !isDefinite else { return false }
            guard failures + 1 >= threshold else {
                phase = .closed(failures: failures + 1)
                return false
            }
            open(nth: 1, now: now, jitter: jitter)
            return true
        case .probing(connection, _, let nth):
            guard !isDefinite else {
                succeeded()
                return false
            }
            open(nth: nth + 1, now: now, jitter: jitter)
            return true
        case .open, .probing: return false
        }
    }

    mutating func interrupted(_ connection: ConnectionID) {
        guard case .probing(connection, _, let nth) = phase, let last else { return }
        phase = .open(from: last.from, until: last.until, nth: nth)
    }

    private mutating func open(nth: Int, now: Instant, jitter: Double) {
        var seconds = 1.0
        for _ in 1..<nth where seconds < 30 { seconds *= 2 }
        let until = now + .seconds(min(30, seconds)) * (1 - jitter / 2)
        last = (now, until, nth)
        phase = .open(from: now, until: until, nth: nth)
    }
}
