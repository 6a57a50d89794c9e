internal import PoolCore

/// How often a caller who gets no connection tries again, within his deadline.
///
/// Between two tries lies a random time up to a limit that doubles ("full jitter"); after a refusal for want of slots at least
/// three fifths of that limit, which then is 8 % of the caller's time for the first two pauses. A quota for the whole engine keeps many callers from
/// making things worse: twenty retries, and one more for every two connects that are made.
public struct RetryPolicy: Sendable, Hashable {
    /// The most tries, the first one included; `nil`: as many as the deadline allows.
    public var maxAttempts: Int?
    /// The limit of the first pause, at the least.
    ///
    /// Default 100 ms.
    public var baseDelay: Duration = .milliseconds(100)
    /// The largest limit of a pause.
    ///
    /// Default 2 s: longer ones spare the server nothing within the deadlines that callers have (see `examples/storm-simulator`).
    public var maxDelay: Duration = .seconds(2)
    /// Whether a server that cannot be reached, a pool that is exhausted and the like are worth a retry, too; otherwise only a
    /// server that says that it is too busy or just starting.
    public var coversEveryPassingFailure = false

    /// Makes a policy.
    public init() {}

    /// Again when the server says that it is out of connection slots or just starting (53300, 53400, 57P03).
    public static let patient = RetryPolicy()

    /// Never again.
    public static let never: RetryPolicy = {
        var policy = RetryPolicy()
        policy.maxAttempts = 1
        return policy
    }()

    /// Again after every failure that may pass, such as a server that is restarted.
    public static let robust: RetryPolicy = {
        var policy = RetryPolicy()
        policy.coversEveryPassingFailure = true
        return policy
    }()

    func allowsRetry(after failures: Int, _ error: VernalError) -> Bool {
        if let maxAttempts, failures >= maxAttempts { return false }
        if error.asksForPatience { return true }
        return coversEveryPassingFailure && error.isRetryable && error.code != .timedOut
    }

    /// The policy as the pool's core has it.
    var patience: ConnectPatience.Limits {
        var limits = ConnectPatience.Limits()
        limits.base = baseDelay
        limits.cap = maxDelay
        return limits
    }
}
