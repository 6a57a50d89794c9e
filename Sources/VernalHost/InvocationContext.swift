public import Logging

/// What a handler knows of the invocation beside the request.
public struct InvocationContext: Sendable {
    /// Names the invocation in logs; the client gets it as `x-request-id`.
    public let requestID: String
    /// When the handler is cancelled; `nil` when nobody has set a limit.
    public let deadline: ContinuousClock.Instant?
    /// Whether this is the first invocation of the process.
    public let isColdStart: Bool
    /// What AWS Lambda says about the invocation; `nil` on every other platform.
    public let lambda: LambdaDetails?
    private let baseLogger: Logger

    /// Makes a context, for example to call a handler in a test.
    public init(
        requestID: String,
        deadline: ContinuousClock.Instant? = nil,
        isColdStart: Bool = false,
        lambda: LambdaDetails? = nil,
        logger: Logger
    ) {
        self.requestID = requestID
        self.deadline = deadline
        self.isColdStart = isColdStart
        self.lambda = lambda
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

/// What AWS Lambda says about an invocation; what it left out is `nil`.
public struct LambdaDetails: Sendable, Hashable {
    /// The ARN of the function, with the version or alias that the caller named.
    public var functionARN: String?
    /// The X-Ray trace, as `Root=…;Parent=…;Sampled=…`.
    public var traceID: String?
    /// What a caller of the mobile SDK says about itself, as JSON.
    public var clientContext: String?
    /// Whom Amazon Cognito took the caller for, as JSON.
    public var cognitoIdentity: String?
    /// The tenant, when the function isolates tenants.
    public var tenantID: String?

    /// Makes details in which everything is `nil`.
    public init() {}
}
