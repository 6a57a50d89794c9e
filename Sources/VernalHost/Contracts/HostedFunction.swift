import HTTPTypes

/// One of several functions in a program, with what it takes.
public struct HostedFunction: Sendable {
    /// What a function takes, under the names of the Functions Framework.
    package enum Signature: String, Sendable {
        case http, cloudevent, typed
    }

    package let signature: Signature
    package let handler: FunctionHandler

    /// A function of requests.
    public static func http(
        _ handler: @escaping @Sendable (FunctionRequest, InvocationContext) async throws -> FunctionResponse
    ) -> Self {
        Self(signature: .http, handler: handler)
    }

    /// A function of CloudEvents, in the binary, structured or batched form.
    public static func cloudEvent(
        _ handler: @escaping @Sendable (CloudEvent, InvocationContext) async throws -> CloudEvent?
    ) -> Self {
        Self(signature: .cloudevent, handler: CloudEventsOverHTTP.handler(for: handler))
    }

    /// A function of one value to another: the body of a POST is decoded from JSON, and the result is sent as JSON.
    ///
    /// A body that cannot be decoded is answered with 400.
    public static func typed<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ function: @escaping @Sendable (Input, InvocationContext) async throws -> Output
    ) -> Self {
        Self(signature: .typed) { request, context in
            guard request.method == .post else { return .methodNotAllowed(allowed: "POST") }
            return try .json(await function(request.decode(Input.self), context))
        }
    }
}
