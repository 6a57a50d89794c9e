import Moments

/// When connects may be begun, told by the time at which the last one will be paid for instead of by counting tokens.
///
/// The arithmetic is another one than the pool's on purpose (virtual scheduling; both describe the same bucket).
struct ReferenceBucket {
    private let interval: Double
    var burst: Double
    /// Seconds after `start` until which all connects so far are paid for.
    private var paidUntil = -Double.infinity
    private var last = -Double.infinity
    private let start: Instant
    private var missing: Double

    init(burst: Int, rate: Double, startLevel: Int?, start: Instant) {
        interval = 1 / rate
        self.burst = Double(burst)
        self.start = start
        // The missing tokens count as connects that were made at the beginning; time only begins with the first question.
        missing = Double(burst - min(burst, startLevel ?? burst))
    }

    /// How many seconds have to pass before a connect may be begun; 0 or less: now.
    mutating func secondsToNext(at now: Instant) -> Double {
        let now = (now - start) / .seconds(1)
        // A clock that is set back takes the debt with it.
        if now < last { paidUntil -= last - now }
        last = now
        if missing > 0 {
            paidUntil = now + missing * interval
            missing = 0
        }
        return max(paidUntil, now) + interval - burst * interval - now
    }

    /// Nothing is left: as if the whole burst had just been paid for.
    mutating func empty(at now: Instant) {
        _ = secondsToNext(at: now)
        paidUntil = max(paidUntil, last + burst * interval)
    }

    mutating func pay(at now: Instant) {
        let now = (now - start) / .seconds(1)
        paidUntil = max(paidUntil, now) + interval
    }
}
