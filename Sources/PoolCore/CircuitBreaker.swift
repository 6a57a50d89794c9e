package import Moments

/// Whether connecting is worth a try, judged by how the last connects ended: a value.
///
/// Closed, it lets everything through. After so many failures in a row it opens, and lets nothing through for a time
/// that grows with each opening. When the time is over it lets one connect through, the probe: if that is made it is
/// closed again, if it fails it opens for longer.
package struct CircuitBreaker: Sendable, Hashable {
    /// The time in which it lets nothing through.
    private struct Opening: Sendable, Hashable {
        let from: Moment
        let until: Moment
    }

    private let threshold: Int
    private let base: Duration
    private let cap: Duration
    private let probeLimit: Duration
    private var failures = 0
    private var openings = 0
    private var opening: Opening?
    private var probeBegun: Moment?

    /// - Parameters:
    ///   - threshold: after how many failures in a row it opens, at least 1.
    ///   - base: for how long it opens first; each further time for twice as long.
    ///   - cap: for how long it opens at most.
    ///   - probeLimit: how long a connect takes at most, for those who wait for the probe.
    package init(
        threshold: Int = 5,
        base: Duration = .seconds(1),
        cap: Duration = .seconds(30),
        probeLimit: Duration = .seconds(3)
    ) {
        self.threshold = max(1, threshold)
        self.base = base
        self.cap = cap
        self.probeLimit = probeLimit
    }

    /// Whether everything is let through.
    package var isClosed: Bool { opening == nil }

    /// Until when no connect may be begun, or `nil` if one may.
    ///
    /// While the probe is under way nobody knows: it is the time by which the probe has ended at the latest.
    package func heldUntil(now: Moment) -> Moment? {
        guard let opening else { return nil }
        if let probeBegun { return max(probeBegun + probeLimit, now + .milliseconds(100)) }
        // A clock that was set back, as after a restore, must not keep it open: another try costs little.
        return opening.from <= now && now < opening.until ? opening.until : nil
    }

    /// A connect that it let through begins, or goes on.
    ///
    /// - Returns: whether it is the probe.
    package mutating func connectBegan(now: Moment) -> Bool {
        guard opening != nil else { return false }
        probeBegun = now
        return true
    }

    /// A connect was made, or the server answered it: it is there.
    package mutating func connectSucceeded() {
        failures = 0
        openings = 0
        opening = nil
        probeBegun = nil
    }

    /// A connect failed in a way in which the next one may not.
    ///
    /// - Parameters:
    ///   - isProbe: whether it was the probe. While it is open, the failures of others that were begun before say
    ///     nothing new.
    ///   - now: the time.
    ///   - jitter: a random number from 0 up to 1, which takes off up to a half of the time.
    /// - Returns: whether it opened.
    package mutating func connectFailed(isProbe: Bool, now: Moment, jitter: Double) -> Bool {
        if opening == nil {
            failures += 1
            guard failures >= threshold else { return false }
        } else {
            guard isProbe else { return false }
        }
        // Shifted no further than the cap can ever be away.
        let time = min(cap, base * Double(1 << min(openings, 32)))
        openings += 1
        opening = Opening(from: now, until: now + time * (1 - jitter / 2))
        probeBegun = nil
        return true
    }

    /// The next failure counts as the last of so many in a row.
    package mutating func openAtNextFailure() {
        failures = threshold - 1
    }

    /// The probe was left before it ended: another one may be tried.
    package mutating func probeWasLeft() {
        probeBegun = nil
    }
}
