import HTTPTypes

/// The contract of custom handlers of Azure Functions.
///
/// With `enableForwardingHttpRequest` a request arrives as the client sent it. Without, every invocation is a
/// `POST /{function}` with JSON in it, and so is every one that no HTTP trigger began.
package enum AzureCustomHandler {
    /// A handler of what the host of Azure Functions sends.
    ///
    /// A handler of requests gets a request, forwarded or not; an invocation by another trigger reaches it as it came,
    /// and its answer goes back as it is. A handler of events gets the whole invocation, with `Data` and `Metadata`, and
    /// its result becomes `ReturnValue`, unless it is an object with `Outputs` or `ReturnValue` itself.
    package static func handler(for program: FunctionProgram) -> FunctionHandler {
        switch program {
        case .requests(let handler): self.handler(finding: { _ in handler })
        case .events(let handler):
            { request, context in
                if isPing(request) { return .empty() }
                guard request.method == .post else { return .methodNotAllowed(allowed: "POST") }
                let result = try await handler(FunctionEvent(body: request.body), context)
                return FunctionResponse(
                    headers: [.contentType: "application/json"],
                    body: AzureResult.json(for: result)
                )
            }
        }
    }

    /// A handler for several functions: the path begins with the name of the function, after `api` when it is forwarded.
    package static func handler(routing functions: [String: HostedFunction]) -> FunctionHandler {
        handler { request in
            let path = request.pathComponents
            let name = path.first == "api" ? path.dropFirst().first : path.first
            return name.flatMap { functions[$0]?.handler }
        }
    }

    /// A handler that looks for the function before it unpacks the invocation: only the outer path names it.
    private static func handler(
        finding find: @escaping @Sendable (FunctionRequest) -> FunctionHandler?
    ) -> FunctionHandler {
        { request, context in
            if isPing(request) { return .empty() }
            guard let handler = find(request) else {
                return .failure(.notFound, "there is no such function", requestID: context.requestID)
            }
            guard request.method == .post, request.headers[invocationID] != nil, request.pathComponents.count == 1,
                let triggered = try AzureInvocation(request.body)?.request
            else { return try await handler(request, context) }
            let response = try await handler(triggered, context)
            return FunctionResponse(
                headers: [.contentType: "application/json"],
                body: try await AzureResult.json(for: response, isHead: triggered.method == .head)
            )
        }
    }

    /// Whether the host only asks whether somebody is there: any answer will do, but it has to come at once.
    private static func isPing(_ request: FunctionRequest) -> Bool {
        request.method == .get && request.path == "/" && request.headers[invocationID] == nil
    }

    private static let invocationID = HTTPField.Name("x-azure-functions-invocationid") ?? .date
}
