package import Moments

/// What becomes of idle connections when the process may be frozen.
package enum RetentionPolicy: Sendable, Hashable, CaseIterable {
    /// Keep them while slots are plenty, give them back while they are scarce.
    case adaptive
    /// Keep them: the next invocation needs no connect.
    case keep
    /// Give them back: a frozen process holds nothing.
    case release
}

/// How many of a server's connection slots are used.
package struct SlotUsage: Sendable, Hashable {
    /// Connections of clients that are open, the asker's among them.
    package let used: Int
    /// `max_connections` less what is reserved for superusers and others.
    package let usable: Int

    package init(used: Int, usable: Int) {
        self.used = used
        self.usable = usable
    }

}

/// Whether a connection is kept across a freeze: a value that is told what is seen of the server.
///
/// A connection that a frozen process keeps warm is a slot that nobody uses. While slots are plenty that costs nothing and
/// saves a connect; while they are scarce somebody else fails for it.
package struct RetentionRule: Sendable, Hashable {
    /// The numbers that it decides by.
    package struct Limits: Sendable, Hashable {
        package var policy = RetentionPolicy.adaptive
        /// Slots are scarce when a larger part of them is used.
        package var headroom = 0.8
        /// They are scarce, too, when fewer than so many are free, or than three quarters of a server that has few.
        ///
        /// What is kept by frozen processes is not there for those that start, and a fifth of a small server is next to nothing.
        package var leastFree = 12
        /// They are plenty again only when what is used is less than that by such a part of all slots.
        package var hysteresis = 0.2
        /// For how long after a refusal they are scarce, whatever is counted.
        package var refusalMemory: Duration = .seconds(300)
        /// The part of that time that may be added by chance, so that a fleet does not return to keeping in step.
        package var jitter = 0.5

        package init() {}
    }

    private let limits: Limits
    /// Whether the last count was above the headroom, and none was below the lower mark since.
    private var isAboveHeadroom = false
    private var refusal: Refusal?

    /// The time in which a refusal counts.
    private struct Refusal: Sendable, Hashable {
        let from: Moment
        let until: Moment

        /// A clock that was set back, as after a restore, must not make it last longer.
        func counts(at now: Moment) -> Bool { from <= now && now < until }
    }

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The server's slots were counted.
    ///
    /// - Parameters:
    ///   - usage: how many are used.
    ///   - jitter: a random number from 0 up to 1: each process returns to keeping at a mark of its own.
    package mutating func slotsCounted(_ usage: SlotUsage, jitter: Double) {
        let all = Double(max(0, usage.usable))
        let most = all - max(all * (1 - limits.headroom), min(Double(limits.leastFree), all * 3 / 4))
        // Nobody is kept from returning by a connection of his own.
        let few = max(1.5, most - all * limits.hysteresis * (0.5 + jitter / 2))
        if usage.usable <= 0 || Double(usage.used) > most {
            isAboveHeadroom = true
        } else if Double(usage.used) < few {
            isAboveHeadroom = false
        }
    }

    /// Whether a count of the slots could change anything.
    package func isWorthCounting(now: Moment) -> Bool {
        limits.policy == .adaptive && refusal?.counts(at: now) != true
    }

    /// The server refused a connect because it had no slot left.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - jitter: a random number from 0 up to 1.
    package mutating func connectRefused(now: Moment, jitter: Double) {
        let until = now + limits.refusalMemory * (1 + limits.jitter * jitter)
        // A later refusal never shortens what an earlier one has begun.
        let earlier = refusal.map { $0.counts(at: now) ? $0.until : until }
        refusal = Refusal(from: now, until: max(until, earlier ?? until))
    }

    /// Whether slots are scarce as far as is known.
    package func isScarce(now: Moment) -> Bool {
        isAboveHeadroom || refusal?.counts(at: now) == true
    }

    /// Whether idle connections are to be given back when the process may be frozen now.
    package func givesBack(now: Moment) -> Bool {
        switch limits.policy {
        case .keep: false
        case .release: true
        case .adaptive: isScarce(now: now)
        }
    }
}
