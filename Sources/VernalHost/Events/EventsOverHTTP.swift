import HTTPTypes

/// Events that come as the content of requests.
package enum EventsOverHTTP {
    /// Makes what answers such requests.
    package static func handler(for handler: @escaping EventHandler) -> FunctionHandler {
        { request, context in
            let result = try await handler(FunctionEvent(body: request.body), context)
            return FunctionResponse(headers: [.contentType: "application/json"], body: result)
        }
    }
}
