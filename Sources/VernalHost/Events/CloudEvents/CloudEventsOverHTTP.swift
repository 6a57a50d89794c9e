import HTTPTypes

/// What a function does with a CloudEvent: gives an event in reply, or none.
public typealias CloudEventHandler = @Sendable (CloudEvent, InvocationContext) async throws -> CloudEvent?

/// CloudEvents that arrive as requests.
package enum CloudEventsOverHTTP {
    /// A handler of requests that calls a handler of CloudEvents.
    ///
    /// The path is of no account. Replies go back in the form in which the event came; without a reply the answer is
    /// 204. What is no CloudEvent is refused with 400, a format other than JSON with 415, and a method that carries no
    /// event with 405. The events of a batch are handled one after the other; when one fails, the answer is 500, and the
    /// sender sends the batch again.
    package static func handler(for handler: @escaping CloudEventHandler) -> FunctionHandler {
        { request, context in
            guard [.post, .put, .patch].contains(request.method) else { return .methodNotAllowed(allowed: "POST") }
            let message: CloudEventMessage
            do {
                message = try CloudEventMessage(headers: request.headers, body: request.body)
            } catch let error as CloudEventError {
                return .failure(.badRequest, error.description, requestID: context.requestID)
            } catch is CloudEventMessage.UnsupportedFormat {
                let reason = "CloudEvents are understood in JSON and UTF-8"
                return .failure(.unsupportedMediaType, reason, requestID: context.requestID)
            }
            var replies: [CloudEvent] = []
            for event in message.events {
                if let reply = try await handler(event, context) { replies.append(reply) }
            }
            guard let first = replies.first else { return .empty() }
            return switch message {
            case .binary: try CloudEventMessage.binary(first).response()
            case .structured: try CloudEventMessage.structured(first).response()
            case .batched: try CloudEventMessage.batched(replies).response()
            }
        }
    }
}

extension FunctionHost {
    /// Serves CloudEvents with a handler until the platform ends the process.
    ///
    /// Events arrive over HTTP in the binary, structured or batched form. A reply goes back in the form in which its
    /// event came.
    ///
    ///     try await FunctionHost.serveCloudEvents { event, context in
    ///         try await store(event.decode(Order.self))
    ///         return nil
    ///     }
    ///
    /// - Parameters:
    ///   - options: How to listen, and the limits.
    ///   - handler: What the function does with an event. What it throws is logged, and the sender gets 500.
    /// - Throws: Only what the system throws when it fails beneath the host.
    public static func serveCloudEvents(
        _ options: HostOptions = HostOptions(),
        _ handler: @escaping CloudEventHandler
    ) async throws {
        try await serve(options, CloudEventsOverHTTP.handler(for: handler))
    }
}
