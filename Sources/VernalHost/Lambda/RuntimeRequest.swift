package import NIOHTTP1

/// What is asked of the runtime API and of the extensions API.
package struct RuntimeRequest: Sendable {
    package let method: HTTPMethod
    /// The path without what the endpoint puts before it.
    package let path: String
    package var headers: HTTPHeaders
    package var body: [UInt8]

    private init(_ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// Waits for the next invocation.
    package static let next = RuntimeRequest(.GET, "/2018-06-01/runtime/invocation/next")

    /// The answer to an invocation.
    package static func response(_ bytes: [UInt8], to invocation: LambdaInvocation) -> RuntimeRequest {
        RuntimeRequest(invocation, "response", headers: ["Content-Type": "application/json"], body: bytes)
    }

    /// The head of an answer whose content follows in pieces, and behind it perhaps what went wrong in the middle.
    package static func stream(to invocation: LambdaInvocation) -> RuntimeRequest {
        RuntimeRequest(
            invocation,
            "response",
            headers: [
                "Content-Type": "application/vnd.awslambda.http-integration-response",
                "Lambda-Runtime-Function-Response-Mode": "streaming",
                "Transfer-Encoding": "chunked",
                "Trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
            ]
        )
    }

    /// The invocation failed.
    package static func error(_ failure: LambdaFailure, for invocation: LambdaInvocation) -> RuntimeRequest {
        RuntimeRequest(invocation, "error", headers: failure.headers, body: failure.json)
    }

    /// The process cannot serve.
    package static func initError(_ failure: LambdaFailure) -> RuntimeRequest {
        RuntimeRequest(.POST, "/2018-06-01/runtime/init/error", headers: failure.headers, body: failure.json)
    }

    /// What is said about one invocation.
    private init(_ invocation: LambdaInvocation, _ what: String, headers: HTTPHeaders, body: [UInt8] = []) {
        var headers = headers
        if let id = invocation.attemptID { headers.add(name: "Lambda-Runtime-Invocation-Id", value: id) }
        self.init(
            .POST,
            "/2018-06-01/runtime/invocation/\(invocation.requestID)/\(what)",
            headers: headers,
            body: body
        )
    }

    /// Registers this process as an extension that wants no events.
    ///
    /// Only a process with an extension is told of its end with SIGTERM before it is killed.
    package static let registerExtension = RuntimeRequest(
        .POST,
        "/2020-01-01/extension/register",
        headers: ["Lambda-Extension-Name": "vernal", "Content-Type": "application/json"],
        body: Array(#"{"events":[]}"#.utf8)
    )

    /// Waits as the extension, which the platform takes for its readiness; no event ever comes.
    package static func nextEvent(extensionID: String) -> RuntimeRequest {
        RuntimeRequest(
            .GET,
            "/2020-01-01/extension/event/next",
            headers: ["Lambda-Extension-Identifier": extensionID]
        )
    }
}

/// What the runtime API answered.
package struct RuntimeResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

extension LambdaFailure {
    /// What goes before the error's JSON.
    fileprivate var headers: HTTPHeaders {
        [
            "Content-Type": "application/vnd.aws.lambda.error+json",
            "Lambda-Runtime-Function-Error-Type": type,
        ]
    }
}
