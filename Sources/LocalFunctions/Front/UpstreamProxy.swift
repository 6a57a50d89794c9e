internal import NIOHTTP1

/// Passes a request on to a function that listens for HTTP itself.
struct UpstreamProxy: Sendable {
    let platform: FunctionPlatform
    let environment: EnvironmentID
    let port: Int

    /// What belongs to one connection and is not passed on.
    private static let hopByHop = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    ]

    func forward(_ call: HTTPCall, body: [UInt8], invocation: InvocationID) async throws {
        try await forward(call.head, from: call.remoteAddress, body, call.reply, invocation)
    }

    private func forward(
        _ request: HTTPRequestHead,
        from address: String?,
        _ body: [UInt8],
        _ reply: HTTPReply,
        _ invocation: InvocationID
    ) async throws {
        defer { platform.upstreamAnswered(environment, invocation) }
        var headers = request.headers
        for name in Self.hopByHop { headers.remove(name: name) }
        headers.add(name: "Connection", value: "close")
        headers.add(name: "X-Forwarded-For", value: address ?? "127.0.0.1")
        headers.add(name: "X-Forwarded-Proto", value: "http")
        let limit = platform.options.limits.timeout
        do {
            let isDone = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask { [headers] in
                    try await pass(request, headers, body, invocation, to: reply)
                    return true
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return false
                }
                defer { group.cancelAll() }
                return try await group.next() ?? false
            }
            guard !isDone else { return }
            guard !reply.hasBegun else { throw CancellationError() }
            try await problem(reply, .gatewayTimeout, "upstream request timeout")
        } catch is LocalFunctionsError where !reply.hasBegun {
            try await problem(reply, .badGateway, "the function ended before it answered")
        }
    }

    private func pass(
        _ request: HTTPRequestHead,
        _ headers: HTTPHeaders,
        _ body: [UInt8],
        _ invocation: InvocationID,
        to reply: HTTPReply
    ) async throws {
        try await HTTPRequester.connect(host: "127.0.0.1", port: port) { upstream in
            let head = try await upstream.send(request.method, request.uri, headers: headers, body: body)
            var headers = head.headers
            for name in Self.hopByHop { headers.remove(name: name) }
            if headers.contains(name: "content-length") || !head.status.mayHaveResponseBody {
                var bytes: [UInt8] = []
                while let more = try await upstream.nextBytes() { bytes += more }
                // Before the client hears: its next request must find the environment free.
                platform.upstreamAnswered(environment, invocation)
                return try await reply.send(head.status, headers, bytes)
            }
            try await reply.begin(head.status, headers)
            while let bytes = try await upstream.nextBytes() { try await reply.write(bytes) }
            platform.upstreamAnswered(environment, invocation)
            try await reply.end()
        }
    }

    private func problem(_ reply: HTTPReply, _ status: HTTPResponseStatus, _ text: String) async throws {
        try await reply.send(status, ["Content-Type": "text/plain"], Array(text.utf8))
    }
}
