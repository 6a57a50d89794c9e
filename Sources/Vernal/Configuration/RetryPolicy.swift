/// How often a caller who gets no connection tries again, within his deadline.
///
/// Between two tries lies a random time up to a limit that doubles ("full jitter"); and a quota for the whole engine keeps
/// many callers from making things worse: ten retries, and one more for every ten connects that are made.
public struct RetryPolicy: Sendable, Hashable {
    /// The most tries, the first one included; `nil`: as many as the deadline allows.
    public var maxAttempts: Int?
    /// The limit of the first pause.
    ///
    /// Default 100 ms.
    public var baseDelay: Duration = .milliseconds(100)
    /// The largest limit of a pause.
    ///
    /// Default 5 s.
    public var maxDelay: Duration = .seconds(5)
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
        // Said by the server just now; an open breaker only repeats what it said.
        if error.serverMessage != nil, error.sqlState?.asksForPatience == true { return true }
        return coversEveryPassingFailure && error.isRetryable && error.code != .timedOut
    }
}
