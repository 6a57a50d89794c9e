/// Where the host is in its life, and what is in flight: the decisions, without a lock or a clock.
///
/// accepting → draining (asked to end: what is in flight is finished) → stopped (nothing is begun any more).
package struct HostState: Sendable {
    /// A stretch of the host's life.
    package enum Phase: Sendable, Hashable { case accepting, draining, stopped }

    /// Whether an invocation may begin.
    package enum Admission: Sendable, Equatable {
        /// It may; `gap` is how long nothing ran before it, when that is long enough to have been a freeze.
        case admitted(isColdStart: Bool, gap: Duration?)
        /// As many as are allowed are in flight already.
        case overloaded
        /// The host is at its end.
        case stopped
    }

    /// The shortest time without an invocation that counts as a possible freeze.
    package static let shortestGap = Duration.seconds(1)

    /// Where the host is in its life.
    package private(set) var phase = Phase.accepting
    /// How many invocations have begun and not ended.
    package private(set) var inFlight = 0
    private var hasServed = false
    private var idleSince: (steady: ContinuousClock.Instant, wall: Duration)?
    private let limit: Int?

    /// Makes the state of a host that handles at most `limit` invocations at the same time.
    package init(limit: Int? = nil) {
        self.limit = limit
    }

    /// An invocation wants to begin.
    ///
    /// - Parameters:
    ///   - now: The time on the clock that goes on while the machine is suspended.
    ///   - wall: The time of day, since any day: neither clock is promised to go on across a snapshot of a machine, so
    ///     the longer gap counts.
    /// - Returns: whether it may.
    package mutating func invocationArrived(at now: ContinuousClock.Instant, wall: Duration = .zero) -> Admission {
        guard phase != .stopped else { return .stopped }
        if let limit, inFlight >= limit { return .overloaded }
        let gap = inFlight == 0 ? idleSince.map { max($0.steady.duration(to: now), wall - $0.wall) } : nil
        let isColdStart = !hasServed
        hasServed = true
        inFlight += 1
        return .admitted(isColdStart: isColdStart, gap: gap.flatMap { $0 > Self.shortestGap ? $0 : nil })
    }

    /// An admitted invocation is over.
    ///
    /// - Parameters:
    ///   - now: The time on the clock that goes on while the machine is suspended.
    ///   - wall: The time of day.
    /// - Returns: whether nothing is in flight now, and the process may be frozen; a stopped one only ends.
    package mutating func invocationEnded(at now: ContinuousClock.Instant, wall: Duration = .zero) -> Bool {
        inFlight -= 1
        guard inFlight == 0 else { return false }
        idleSince = (now, wall)
        return phase != .stopped
    }

    /// The platform wants the process to end.
    ///
    /// - Returns: whether this is the first time.
    package mutating func drainRequested() -> Bool {
        guard phase == .accepting else { return false }
        phase = .draining
        return true
    }

    /// The time for what is in flight is over.
    package mutating func graceEnded() {
        phase = .stopped
    }
}
