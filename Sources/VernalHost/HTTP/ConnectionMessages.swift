import NIOCore

/// One whole request on its way from the connection to the handler.
struct IncomingRequest: Sendable {
    let request: FunctionRequest
    let framing: ResponseFraming.Request
    /// The trace that the request belongs to, to be given back.
    let traceParent: String?
}

/// A piece of a response on its way from the handler to the connection.
enum OutgoingPart: Sendable {
    /// The head of a response whose content follows, or some of its content.
    case bytes(ByteBuffer)
    /// The last of a response, or all of it.
    case end(ByteBuffer, closes: Bool)
}

/// What the host tells a connection.
enum ConnectionEvent: Sendable {
    /// Finish what was begun and close.
    case drain
}

/// What a connection allows its client.
struct ConnectionLimits: Sendable {
    let request: RequestLimits
    let headerTimeout: TimeAmount
    let bodyTimeout: TimeAmount
    let writeTimeout: TimeAmount
    let keepAliveTimeout: TimeAmount
    /// How long the client may take to close its side after the host has closed its own.
    let lingerTimeout = TimeAmount.seconds(1)

    init(_ options: HostOptions) {
        request = RequestLimits(options)
        headerTimeout = Self.amount(options.headerTimeout)
        bodyTimeout = Self.amount(options.bodyTimeout)
        writeTimeout = Self.amount(options.writeTimeout)
        keepAliveTimeout = Self.amount(options.keepAliveTimeout)
    }

    /// At most a year: NIO traps on a deadline that is beyond its range.
    private static func amount(_ duration: Duration) -> TimeAmount {
        TimeAmount(max(.zero, min(duration, .seconds(365 * 86400))))
    }
}
