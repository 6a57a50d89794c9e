public import Logging

/// What a handler knows of the invocation beside the request.
public struct InvocationContext: Sendable {
    /// Names the invocation in logs; the client gets it as `x-request-id`.
    public let requestID: String
    /// When the handler is cancelled; `nil` when nobody has set a limit.
    public let deadline: ContinuousClock.Instant?
    /// Whether this is the first invocation of the process.
    public let isColdStart: Bool
    private let baseLogger: Logger

    /// Makes a context, for example to call a handler in a test.
    public init(requestID: String, deadline: ContinuousClock.Instant? = nil, isColdStart: Bool = false, logger: Logger)
    {
        self.requestID = requestID
        self.deadline = deadline
        self.isColdStart = isColdStart
        self.baseLogger = logger
    }

    /// A logger that adds the ID of the request to every line.
    ///
    /// It is made when it is asked for, so that an invocation that logs nothing pays nothing.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request-id"] = .string(requestID)
        return logger
    }

    /// The time until the deadline, not below zero; `nil` without a deadline.
    public var remainingTime: Duration? {
        deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }
}
