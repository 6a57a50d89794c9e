package import Moments

/// Why a connect failed, as far as it matters for what is done next.
package enum ConnectTrouble: Sendable, Hashable {
    /// The next one would fail in the same way, as with a wrong password.
    case definite
    /// The server has no slot left, or was asked too often: 53300, 53400, or the words of a proxy.
    ///
    /// It may say how long to stay away.
    case overload(retryAfter: Duration?)
    /// The server is just starting or shutting down: 57P03.
    case starting
    /// Nobody answered, or not in time.
    case unreachable
}

/// What to do after a connect that failed.
package enum RetryDecision: Sendable, Hashable {
    /// Try again at that time.
    case again(at: Moment)
    /// Say what went wrong.
    case giveUp(GiveUpReason)

    /// Why there is no other try.
    package enum GiveUpReason: Sendable, Hashable {
        /// It would fail as well.
        case hopeless
        /// The caller's time would be over.
        case deadline
        /// Most tries fail, so that more of them only add to the load.
        case quota
    }
}

/// How long a caller goes on asking a server that has refused it: full jitter, a quota, and its deadline.
///
/// One value for all callers of a pool: what one of them learns holds for the others.
package struct ConnectPatience: Sendable, Hashable {
    /// The numbers that it decides by.
    package struct Limits: Sendable, Hashable {
        /// The longest pause after the first failure, at the least; it doubles with each further one.
        package var base: Duration = .milliseconds(100)
        /// The part of the caller's time that the longest pause after a first refusal is, if that is more than `base`.
        ///
        /// Whoever has time loses little by a pause and spares the server a refusal, which costs it nearly a connect.
        package var share = 0.08
        /// The part of the longest pause that is waited for in any case after a refusal.
        ///
        /// Those who were refused together still come back spread, but nobody comes back before anything can have changed.
        package var steadyPart = 0.6
        /// How many refusals are followed by the same pause before it begins to double.
        ///
        /// The first pause is long already, so that with twice that after the second refusal the last callers of a storm would
        /// sleep while slots are free.
        package var evenRefusals = 2
        /// The longest pause of all.
        ///
        /// Longer ones spare the server nothing within the deadlines that callers have (see `examples/storm-simulator`).
        package var cap: Duration = .seconds(2)
        /// How many retries there may be before the first success: as many as fit into half a minute.
        package var quota = 20
        /// How many retries a success adds.
        package var quotaShare = 0.5
        /// What a connect takes at the least: a retry is only worth it if that much time is left.
        package var leastConnectTime: Duration = .milliseconds(20)

        package init() {}
    }

    private let limits: Limits
    private var quota: RetryQuota

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        quota = RetryQuota(capacity: limits.quota, share: limits.quotaShare)
    }

    /// How many retries are left.
    package var remainingRetries: Int { quota.remaining }

    /// A connect was made.
    package mutating func connectSucceeded() {
        quota.succeeded()
    }

    /// A connect of a caller failed.
    ///
    /// A pause is never so long that no time is left for the try after it: then a shorter one is drawn, from the time that
    /// is left.
    ///
    /// - Parameters:
    ///   - trouble: why.
    ///   - attempt: how many of this caller's connects have failed, from 1.
    ///   - now: the time.
    ///   - deadline: until when a connection is worth anything to the caller.
    ///   - jitter: a random number from 0 up to 1.
    /// - Returns: what to do; a retry is taken off the quota.
    package mutating func connectFailed(
        _ trouble: ConnectTrouble,
        attempt: Int,
        now: Moment,
        deadline: Moment,
        jitter: Double
    ) -> RetryDecision {
        var least = Duration.zero
        var base = limits.base
        var (steadyPart, doublings) = (0.0, attempt)
        let time = deadline - now - limits.leastConnectTime
        switch trouble {
        // An address that does not answer has had its time limit; the caller hears of it instead of paying it again.
        case .definite, .unreachable: return .giveUp(.hopeless)
        case .overload(let retryAfter?): least = max(.zero, retryAfter)
        case .overload(nil):
            base = max(base, time * limits.share)
            steadyPart = limits.steadyPart
            doublings = max(1, attempt + 1 - limits.evenRefusals)
        case .starting: break
        }
        guard time > least else { return .giveUp(.deadline) }
        guard quota.retryRequested() else { return .giveUp(.quota) }
        let pause = Backoff.delay(
            attempt: doublings,
            jitter: steadyPart + (1 - steadyPart) * jitter,
            base: base,
            cap: min(limits.cap, time - least)
        )
        return .again(at: now + least + pause)
    }
}
