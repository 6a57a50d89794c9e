import HTTPTypes

/// Events on a platform that knows only requests: a POST is an event, and the response is its result.
package enum EventsOverHTTP {
    /// A handler of requests that calls a handler of events.
    ///
    /// The path is of no account. A result is answered with 200 and sent as JSON, an empty one with 204, and a method
    /// other than POST is refused with 405. What the handler throws becomes what it would for a request.
    package static func handler(for handler: @escaping EventHandler) -> FunctionHandler {
        { request, context in
            guard request.method == .post else { return .methodNotAllowed(allowed: "POST") }
            let result = try await handler(FunctionEvent(body: request.body), context)
            guard !result.isEmpty else { return .empty() }
            return FunctionResponse(headers: [.contentType: "application/json"], body: result)
        }
    }
}

extension FunctionResponse {
    /// The answer to a method that a resource does not know.
    static func methodNotAllowed(allowed: String) -> Self {
        var response = failure(.methodNotAllowed, "the method is not allowed here; send \(allowed)", requestID: nil)
        response.headers[.allow] = allowed
        return response
    }
}
