public import Logging

/// How the host listens and what it puts up with; every default suits a function behind a platform's front.
public struct HostOptions: Sendable {
    /// The address to listen on; `nil`: every address when `PORT` is set, else 127.0.0.1.
    public var host: String?
    /// The port to listen on, 0 for any free one; `nil`: `PORT`, else 8080.
    public var port: Int?

    /// The largest request body in bytes (6 MiB, what AWS Lambda takes); a larger one is refused with 413.
    public var maxBodyBytes = 6 * 1024 * 1024
    /// The largest sum of the request's header names and values in bytes (32 KiB); more is refused with 431.
    public var maxHeaderBytes = 32 * 1024
    /// The most header fields of a request (128); more are refused with 431.
    public var maxHeaderFields = 128
    /// The longest request target, path and query, in bytes (8 KiB); a longer one is refused with 414.
    public var maxTargetBytes = 8 * 1024

    /// How long a request's header may take from its first byte (10 s); a slower one is refused with 408.
    public var headerTimeout = Duration.seconds(10)
    /// How long a request's body may take as a whole (30 s); a slower one is refused with 408.
    public var bodyTimeout = Duration.seconds(30)
    /// How long a client may refuse to take any more of a response (30 s) before the connection is dropped.
    public var writeTimeout = Duration.seconds(30)
    /// How long a connection may wait for its next request (65 s).
    ///
    /// Longer than the 60 s after which an AWS Application Load Balancer closes, so that the front closes first and
    /// never sends a request into a connection that the host is closing.
    public var keepAliveTimeout = Duration.seconds(65)
    /// How long the handler may take; `nil` (the default) leaves it to the platform.
    ///
    /// At the deadline the handler is cancelled and the client is answered with 504.
    public var requestTimeout: Duration?
    /// How long before the end of a Lambda invocation the handler is cancelled and the caller is told (100 ms).
    ///
    /// It has to be enough for the error to reach the platform, which else ends the process. Never more than a fifth of
    /// what is left when the invocation arrives. The engine gives up 250 ms before the end, so that a handler that
    /// waits for the database hears why before it is cancelled.
    public var deadlineMargin = Duration.milliseconds(100)
    /// Whether a Lambda function sends its HTTP responses as streams (off).
    ///
    /// Has to agree with the front: on for a function URL with the invoke mode `RESPONSE_STREAM` or a REST API that
    /// streams, off for everything else. Off, a streamed response is collected and sent whole.
    public var streamsLambdaResponses = false
    /// How long requests in flight may take to finish after SIGTERM (8 s: Cloud Run kills after 10).
    ///
    /// Less on AWS Lambda, which kills within a second, and mostly within half of one.
    public var gracePeriod = Duration.seconds(8)
    /// The most requests handled at the same time; more are answered with 503; `nil` (the default): no limit.
    ///
    /// Under the contract of the Functions Framework the answer is 429.
    public var maxConcurrentRequests: Int?
    /// What monitoring asks an HTTP server beside the function's work; `nil` (the default): every path is the function's.
    public var probes: ProbeRoutes?

    /// Where the host logs to.
    ///
    /// By default to standard error: one JSON object a line where the platform reads such
    /// (`AWS_LAMBDA_LOG_FORMAT=JSON`, and Cloud Run or Knative by `K_SERVICE`), else text. The level is
    /// `VERNAL_LOG_LEVEL`, else `LOG_LEVEL`, else `AWS_LAMBDA_LOG_LEVEL`, else `info`.
    public var logger = Logger.fromEnvironment(label: "vernal.host")
    /// Called once with the address when the host has begun to listen, for example to learn a port that was 0.
    public var onListening: (@Sendable (ListeningAddress) -> Void)?

    /// Makes options that all have their default.
    public init() {}
}

/// The address on which a host listens.
public struct ListeningAddress: Sendable, Hashable, CustomStringConvertible {
    /// The IP address.
    public let host: String
    /// The port.
    public let port: Int

    /// The address as a URL.
    public var description: String { host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)" }
}
