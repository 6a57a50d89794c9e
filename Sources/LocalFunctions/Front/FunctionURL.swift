internal import NIOHTTP1

/// Turns any HTTP request into an event, and the function's result back into an HTTP response.
struct FunctionURL: Sendable {
    let platform: FunctionPlatform

    private static let bodyLimit = 6 * 1_048_576

    /// Answers one request.
    func respond(_ call: inout HTTPCall) async throws {
        let requestID = RequestIdentifier.random()
        guard let body = try await call.body(upTo: Self.bodyLimit) else {
            return try await problem(call, requestID, .payloadTooLarge, "Request Entity Too Large", "RequestTooLarge")
        }
        let headers = call.head.headers.map { (name: $0.name, value: $0.value) }
        let id = InvocationID(requestID)
        let isPolled = platform.options.mode == .lambda
        let event = HTTPEvent(
            method: call.head.method.rawValue,
            target: call.head.uri,
            headers: headers,
            body: body,
            sourceAddress: call.remoteAddress ?? "127.0.0.1",
            requestID: requestID
        )
        var invocation = Invocation(id: id, event: isPolled ? event.json() : [])
        invocation.traceID = call.head.headers.first(name: "X-Amzn-Trace-Id")
        switch await platform.invoke(invocation) {
        case .rejected: try await tooMany(call, requestID)
        case .failure(let failure): try await failed(call, requestID, failure.errorType)
        case .error(_, let type): try await failed(call, requestID, type)
        case .answer(let result, let type, _): try await send(result, type, call, requestID)
        case .stream(let pipe, let type): try await stream(pipe, type, call, requestID)
        case .upstream(let environment, let port):
            let proxy = UpstreamProxy(platform: platform, environment: environment, port: port)
            try await proxy.forward(call, body: body, invocation: id)
        }
    }

    // MARK: Results

    private func send(_ result: [UInt8], _ type: String?, _ call: HTTPCall, _ requestID: String) async throws {
        if type == HTTPEventResponse.integrationType {
            var prelude = IntegrationPrelude()
            guard let (head, rest) = prelude.append(result), var response = HTTPEventResponse(prelude: head) else {
                return try await failed(call, requestID, "Runtime.InvalidResponse")
            }
            response.body = rest
            return try await send(response, call, requestID)
        }
        guard let response = HTTPEventResponse(result: result) else {
            return try await failed(call, requestID, "Runtime.InvalidResponse")
        }
        try await send(response, call, requestID)
    }

    private func send(_ response: HTTPEventResponse, _ call: HTTPCall, _ requestID: String) async throws {
        try await call.reply.send(
            HTTPResponseStatus(statusCode: response.status),
            headers(of: response, requestID),
            response.body
        )
    }

    private func headers(of response: HTTPEventResponse, _ requestID: String) -> HTTPHeaders {
        var headers: HTTPHeaders = ["x-amzn-RequestId": requestID]
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        for cookie in response.cookies { headers.add(name: "Set-Cookie", value: cookie) }
        return headers
    }

    private func stream(_ pipe: BytePipe, _ type: String?, _ call: HTTPCall, _ requestID: String) async throws {
        defer { pipe.finish() }
        var response = HTTPEventResponse()
        var first: [UInt8] = []
        do {
            if type == HTTPEventResponse.integrationType {
                guard let (head, rest) = try await prelude(of: pipe), let parsed = HTTPEventResponse(prelude: head)
                else { return try await failed(call, requestID, "Runtime.InvalidResponse") }
                (response, first) = (parsed, rest)
            } else {
                response.headers = ["Content-Type": type ?? "application/octet-stream"]
            }
            try await call.reply.begin(
                HTTPResponseStatus(statusCode: response.status),
                headers(of: response, requestID)
            )
            try await call.reply.write(first)
            while let bytes = try await pipe.read() { try await call.reply.write(bytes) }
            try await call.reply.end()
        } catch let failure as StreamFailure {
            guard call.reply.hasBegun else { return try await failed(call, requestID, failure.type) }
            // Without its end the client can tell that the body is not whole.
            throw failure
        }
    }

    private func prelude(of pipe: BytePipe) async throws -> (head: [UInt8], rest: [UInt8])? {
        var prelude = IntegrationPrelude()
        while let bytes = try await pipe.read() {
            if let parts = prelude.append(bytes) { return parts }
            if prelude.isTooLong { return nil }
        }
        return nil
    }

    // MARK: Problems

    private func failed(_ call: HTTPCall, _ requestID: String, _ type: String) async throws {
        try await problem(call, requestID, .badGateway, "Internal Server Error", type)
    }

    private func problem(
        _ call: HTTPCall,
        _ requestID: String,
        _ status: HTTPResponseStatus,
        _ text: String,
        _ type: String
    ) async throws {
        try await call.reply.send(
            status,
            ["Content-Type": "text/plain", "x-amzn-RequestId": requestID, "x-amzn-ErrorType": type],
            Array(text.utf8)
        )
    }

    private func tooMany(_ call: HTTPCall, _ requestID: String) async throws {
        try await InvokeAnswer(requestID: requestID, reply: call.reply).refuseForRate()
    }
}
