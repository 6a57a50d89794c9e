import Foundation
internal import NIOHTTP1

/// The Invoke API, as an AWS client knows it.
struct InvokeAPI: Sendable {
    let platform: FunctionPlatform
    let background: AsyncStream<Invocation>.Continuation

    /// The largest event of a synchronous invocation: 6 MiB; of one in the background: 1 MiB.
    private static let synchronousLimit = 6 * 1_048_576
    private static let backgroundLimit = 1_048_576

    /// Answers one request.
    func respond(_ request: InvokeRequest, _ call: inout HTTPCall) async throws {
        let requestID = RequestIdentifier.random()
        let answer = InvokeAnswer(requestID: requestID, reply: call.reply)
        guard call.head.method == .POST else {
            return try await answer.refuse(.methodNotAllowed, "MethodNotAllowedException", "use POST")
        }
        let type = call.head.headers.first(name: "X-Amz-Invocation-Type") ?? "RequestResponse"
        guard ["RequestResponse", "Event", "DryRun"].contains(type) else {
            return try await answer.refuse(
                .badRequest,
                "InvalidParameterValueException",
                "Unknown invocation type: \(type)"
            )
        }
        let limit = type == "Event" ? Self.backgroundLimit : Self.synchronousLimit
        guard let body = try await call.body(upTo: limit) else {
            return try await answer.refuse(
                .payloadTooLarge,
                "RequestTooLargeException",
                "Request must be smaller than \(limit) bytes for the InvokeFunction operation"
            )
        }
        var invocation = Invocation(id: InvocationID(requestID), event: body.isEmpty ? Array("{}".utf8) : body)
        guard Self.isJSON(invocation.event) else {
            return try await answer.refuse(
                .badRequest,
                "InvalidRequestContentException",
                "Could not parse request body into json: the payload is not valid JSON"
            )
        }
        if let context = call.head.headers.first(name: "X-Amz-Client-Context") {
            guard let json = Base64.decode(context), let text = String(validating: json, as: UTF8.self) else {
                return try await answer.refuse(
                    .badRequest,
                    "InvalidRequestContentException",
                    "Client context must be a valid Base64-encoded JSON object"
                )
            }
            invocation.clientContext = text
        }
        invocation.qualifier = request.qualifier
        invocation.traceID = call.head.headers.first(name: "X-Amzn-Trace-Id")
        invocation.tenantID = call.head.headers.first(name: "X-Amz-Tenant-Id")
        invocation.wantsTail = call.head.headers.first(name: "X-Amz-Log-Type") == "Tail"
        switch type {
        case "DryRun": try await call.reply.send(.noContent, ["x-amzn-RequestId": requestID])
        case "Event":
            invocation.wantsTail = false
            background.yield(invocation)
            try await call.reply.send(.accepted, ["x-amzn-RequestId": requestID])
        default: try await invoke(invocation, request, answer)
        }
    }

    /// Objects and arrays are looked at by a parser, the rest of JSON too; nothing else is an event.
    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }

    private func invoke(_ invocation: Invocation, _ request: InvokeRequest, _ answer: InvokeAnswer) async throws {
        let result = await platform.invoke(invocation)
        switch result {
        case .rejected:
            // The client that went away does not hear it.
            return try await answer.refuseForRate()
        case .stream(let pipe, let type) where request.isStreaming:
            return try await answer.stream(pipe, contentType: type, request, invocation, platform)
        default: break
        }
        let outcome = await InvokeOutcome(result, of: invocation, platform)
        let log = invocation.wantsTail ? await platform.logTail(of: invocation.id) : nil
        if request.isStreaming {
            try await answer.sendAsStream(outcome, request, log)
        } else {
            try await answer.send(outcome, request, log)
        }
    }
}

/// A whole result, whatever way it came.
struct InvokeOutcome: Sendable {
    let body: [UInt8]
    /// `nil` when there is no error.
    let errorType: String?
    /// How long the environment had the invocation, if it returned something.
    private(set) var took: Duration?

    init(_ result: InvocationResult, of invocation: Invocation, _ platform: FunctionPlatform) async {
        switch result {
        case .answer(let body, _, let took):
            self.init(body, nil)
            self.took = took
        case .error(let body, let type): self.init(body, type)
        case .failure(let failure): self.init(failure.body(for: invocation.id), failure.errorType)
        case .rejected: self.init([], "TooManyRequestsException")
        case .stream(let pipe, _):
            var body: [UInt8] = []
            do {
                while let bytes = try await pipe.read() { body += bytes }
                self.init(body, nil)
            } catch let failure as StreamFailure {
                self.init(failure.body, failure.type)
            } catch {
                self.init([], "Runtime.Unknown")
            }
        case .upstream(let environment, let port):
            let answer = try? await HTTPRequester.connect(host: "127.0.0.1", port: port) { upstream in
                try await upstream.answer(
                    .POST,
                    "/",
                    headers: ["Connection": "close", "Content-Type": "application/json"],
                    body: invocation.event
                )
            }
            platform.upstreamAnswered(environment, invocation.id)
            guard let answer else {
                self.init(FunctionFailure.environmentEnded.body(for: invocation.id), "Runtime.ExitError")
                return
            }
            self.init(answer.body, answer.status < 400 ? nil : "Function.HTTP\(answer.status)")
        }
    }

    private init(_ body: [UInt8], _ errorType: String?) {
        self.body = body
        self.errorType = errorType
    }
}
