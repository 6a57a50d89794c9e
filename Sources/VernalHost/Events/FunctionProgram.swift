/// What a function does with an event: gives the bytes of its result, in most cases JSON, empty for none.
public typealias EventHandler = @Sendable (FunctionEvent, InvocationContext) async throws -> [UInt8]

/// What a function is made of: a handler of requests or one of events; the platform decides what reaches it and how.
package enum FunctionProgram: Sendable {
    /// Answers HTTP requests, on event platforms those that arrive as events.
    case requests(FunctionHandler)
    /// Takes events, on HTTP platforms those that arrive as requests.
    case events(EventHandler)
}
