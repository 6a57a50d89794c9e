internal import NIOHTTP1

/// How the Invoke API answers.
struct InvokeAnswer: Sendable {
    /// How long the environment had the invocation, in milliseconds.
    static let durationHeader = "X-Vernal-Duration-Ms"

    let requestID: String
    let reply: HTTPReply

    func send(_ outcome: InvokeOutcome, _ request: InvokeRequest, _ log: [UInt8]?) async throws {
        var headers = headers(request)
        headers.add(name: "Content-Type", value: "application/json")
        if outcome.errorType != nil { headers.add(name: "X-Amz-Function-Error", value: "Unhandled") }
        if let log { headers.add(name: "X-Amz-Log-Result", value: Base64.encode(log)) }
        // Our own: what is left of the client's time is the platform's.
        if let took = outcome.took { headers.add(name: Self.durationHeader, value: "\(took / .milliseconds(1))") }
        try await reply.send(.ok, headers, outcome.body)
    }

    /// What the client is told when there is no room.
    func refuseForRate() async throws {
        try await refuse(
            .tooManyRequests,
            "TooManyRequestsException",
            "Rate Exceeded.",
            reason: "ReservedFunctionConcurrentInvocationLimitExceeded"
        )
    }

    func refuse(
        _ status: HTTPResponseStatus,
        _ type: String,
        _ message: String,
        reason: String? = nil
    ) async throws {
        var json = JSONText()
        json.object {
            if let reason { $0.field("Reason", reason) }
            $0.field("Type", "User")
            $0.field("message", message)
        }
        try await reply.send(
            status,
            ["Content-Type": "application/json", "x-amzn-RequestId": requestID, "x-amzn-ErrorType": type],
            json.bytes
        )
    }

    private func headers(_ request: InvokeRequest) -> HTTPHeaders {
        ["x-amzn-RequestId": requestID, "X-Amz-Executed-Version": request.executedVersion]
    }

    // MARK: Streams

    private func beginStream(_ request: InvokeRequest, contentType: String?) async throws {
        var headers = headers(request)
        headers.add(name: "Content-Type", value: "application/vnd.amazon.eventstream")
        headers.add(name: "x-amzn-Remapped-content-type", value: contentType ?? "application/octet-stream")
        try await reply.begin(.ok, headers)
    }

    func sendAsStream(_ outcome: InvokeOutcome, _ request: InvokeRequest, _ log: [UInt8]?) async throws {
        try await beginStream(request, contentType: "application/json")
        if outcome.errorType == nil {
            try await chunk(outcome.body)
            try await complete(nil, log)
        } else {
            try await complete((outcome.errorType ?? "", outcome.body), log)
        }
    }

    func stream(
        _ pipe: BytePipe,
        contentType: String?,
        _ request: InvokeRequest,
        _ invocation: Invocation,
        _ platform: FunctionPlatform
    ) async throws {
        defer { pipe.finish() }
        try await beginStream(request, contentType: contentType)
        var failure: (type: String, body: [UInt8])?
        do {
            while let bytes = try await pipe.read() { try await chunk(bytes) }
        } catch let error as StreamFailure {
            failure = (error.type, error.body)
        }
        let log = invocation.wantsTail ? await platform.logTail(of: invocation.id) : nil
        try await complete(failure, log)
    }

    private func chunk(_ bytes: [UInt8]) async throws {
        try await reply.write(
            EventStream.event("PayloadChunk", contentType: "application/octet-stream", bytes)
        )
    }

    private func complete(_ failure: (type: String, body: [UInt8])?, _ log: [UInt8]?) async throws {
        var json = JSONText()
        json.object {
            if let failure {
                $0.field("ErrorCode", failure.type)
                $0.field("ErrorDetails", String(decoding: failure.body, as: UTF8.self))
            }
            if let log { $0.field("LogResult", Base64.encode(log)) }
        }
        try await reply.write(EventStream.event("InvokeComplete", contentType: "application/json", json.bytes))
        try await reply.end()
    }
}
