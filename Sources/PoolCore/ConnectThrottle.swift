package import Moments

/// The permission to make one connect.
///
/// Only the throttle makes permits, and nothing connects without one. It is a value with one owner, and it is given back to
/// the pool's state together with the outcome; dropping it on the way is a mistake in the shell.
package struct ConnectPermit: ~Copyable, Sendable {
    /// The connection that may be opened.
    package let connection: ConnectionID

    init(_ connection: ConnectionID) {
        self.connection = connection
    }

    /// Takes the permit back.
    consuming func redeem() {
        discard self
    }

    deinit {
        assertionFailure("the permit for \(connection) was dropped instead of being given back")
    }
}

/// A token bucket over connects: a burst, then a rate, and nothing for a while after the server has refused one.
///
/// It does not stop the first wave of a cold-start storm, because each new process begins with a full bucket. It keeps
/// one process from hammering a database that fails, and a process that serves many requests at a time from opening
/// all its connections in the same now.
package struct ConnectThrottle: Sendable, Hashable {
    private var capacity: Double
    private let rate: Double
    private var tokens: Double
    private var countedAt: Moment?

    /// - Parameters:
    ///   - burst: the capacity of the bucket, at least 1.
    ///   - rate: tokens a second, more than 0.
    ///   - startLevel: how many tokens there are at first, from 0 to `burst`; `nil`: as many as it holds.
    package init(burst: Int, rate: Double, startLevel: Int? = nil) {
        capacity = Double(max(1, burst))
        self.rate = rate
        tokens = min(capacity, Double(max(0, startLevel ?? .max)))
    }

    /// Takes a token.
    ///
    /// - Returns: `nil` when there was one; else when there will be one.
    package mutating func take(at now: Moment) -> Moment? {
        refill(at: now)
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        // At least a millisecond on: a token that is missing by a rounding error is not worth a second question.
        // At most a day on: a rate may be so small that the time does not fit a duration.
        return now + .seconds(min(max(0.001, (1 - tokens) / rate), 86_400))
    }

    /// The server refused a connect because it has no slot left, or because it was asked too often.
    ///
    /// What was saved up is of no use now: the next token comes at the rate, counted from here.
    package mutating func empty(at now: Moment) {
        refill(at: now)
        tokens = min(tokens, 0)
    }

    /// Changes how much it holds.
    ///
    /// What was taken stays taken, so a larger one has tokens at once, and a smaller one may have to be paid for first.
    package mutating func resize(burst: Int) {
        let change = Double(max(1, burst)) - capacity
        capacity += change
        tokens += change
    }

    private mutating func refill(at now: Moment) {
        if let countedAt, now > countedAt {
            tokens = min(capacity, tokens + (now - countedAt) / .seconds(1) * rate)
        }
        // Also when the clock was set back, as after a restore: else nothing would be opened until it has caught up.
        countedAt = now
    }
}
