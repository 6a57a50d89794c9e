/// What a client wants of the function.
package struct Invocation: Sendable {
    package let id: InvocationID
    package var event: [UInt8]
    /// JSON, as the client's SDK made it.
    package var clientContext: String?
    /// JSON about the caller's identity.
    package var cognitoIdentity: String?
    package var traceID: String?
    package var tenantID: String?
    /// The version or alias that was asked for.
    package var qualifier: String?
    /// Whether the client wants to see the end of what the function wrote.
    package var wantsTail = false

    package init(id: InvocationID, event: [UInt8]) {
        self.id = id
        self.event = event
    }
}

/// What came of it.
package enum InvocationResult: Sendable {
    /// What the handler returned, and how long the environment had the invocation.
    case answer(body: [UInt8], contentType: String?, took: Duration? = nil)
    /// What the handler threw, as the function described it.
    case error(body: [UInt8], type: String)
    /// What the handler returns piece by piece.
    case stream(BytePipe, contentType: String?)
    /// Nothing, because of the platform.
    case failure(FunctionFailure)
    /// All environments are busy.
    case rejected
    /// The function listens for HTTP itself; who asked has to send it the request, and to say when it was answered.
    case upstream(EnvironmentID, port: Int)
}

/// The error with which a streamed response broke off, as the function described it.
package struct StreamFailure: Error, Sendable {
    package let type: String
    package let body: [UInt8]

    package init(type: String, body: [UInt8]) {
        self.type = type
        self.body = body
    }
}

/// An invocation on its way to the function.
package struct Delivery: Sendable {
    package let invocation: Invocation
    /// Milliseconds since 1970.
    package let deadline: Int64
    package let arn: String
}
