package import Moments

/// A rate that many share, as one point in time: the generic cell rate algorithm, with bookings.
///
/// Whoever asks is given a place in line, so nobody has to ask twice. A place that would come too late for the caller is not
/// booked. `VernalRedis` has the same rule as a script in Redis; this is the one that simulations and tests go by.
package struct CellRate: Sendable, Hashable {
    /// What becomes of a request.
    package enum Answer: Sendable, Hashable {
        /// It has a place: it may begin after so long.
        case booked(after: Duration)
        /// Its place would come after so long, which is too late; nothing was booked.
        case tooLate(after: Duration)
    }

    private let interval: Duration
    private let tolerance: Duration
    private let horizon: Duration
    /// When all that was booked has been paid for ("theoretical arrival time").
    private var paidUntil: Moment?

    /// - Parameters:
    ///   - rate: how many a second in the long run, more than 0.
    ///   - burst: how many at once after a quiet time, at least 1.
    ///   - horizon: nothing can have been booked further ahead: if it was, the clock was set.
    package init(rate: Double, burst: Int, horizon: Duration = .seconds(900)) {
        interval = .seconds(min(1 / rate, 86_400))
        tolerance = interval * (max(1, burst) - 1)
        self.horizon = horizon
    }

    /// Somebody wants to begin.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - patience: how long it would wait.
    /// - Returns: whether it has a place, and when.
    package mutating func requested(now: Moment, patience: Duration) -> Answer {
        var paid = max(paidUntil ?? now, now)
        if paid - now > horizon + tolerance + interval { paid = now }
        let wait = max(.zero, paid - tolerance - now)
        guard wait <= min(patience, horizon) else { return .tooLate(after: wait) }
        paidUntil = paid + interval
        return .booked(after: wait)
    }
}
