internal import NIOHTTP1

/// The runtime API of one environment, as the platform speaks it.
struct RuntimeAPI: Sendable {
    let platform: FunctionPlatform
    let environment: EnvironmentID

    /// The largest response that the platform takes: 6 MiB and 100 bytes.
    static let responseLimit = 6_291_556

    private static let base = "/2018-06-01/runtime/"

    /// Answers one request of the function.
    func respond(_ call: inout HTTPCall) async throws {
        let path = call.path
        let method = call.head.method
        if path.hasPrefix(Self.base) {
            let parts = path.dropFirst(Self.base.count).split(separator: "/", omittingEmptySubsequences: false)
            switch (parts.first, parts.count, parts.last) {
            case ("invocation", 2, "next"):
                guard method == .GET else { return try await call.reply.send(.methodNotAllowed) }
                return try await next(call)
            case ("invocation", 3, "response"), ("invocation", 3, "error"):
                guard method == .POST else { return try await call.reply.send(.methodNotAllowed) }
                let invocation = InvocationID(String(parts[1]))
                return parts.last == "response"
                    ? try await response(invocation, &call) : try await error(invocation, &call)
            case ("init", 2, "error"):
                guard method == .POST else { return try await call.reply.send(.methodNotAllowed) }
                return try await initError(&call)
            default: break
            }
        }
        switch (method, path) {
        case (.GET, "/2018-06-01/ping"): try await call.reply.send(.ok, [:], Array("pong".utf8))
        case (.POST, "/2020-01-01/extension/register"): try await register(&call)
        case (.GET, "/2020-01-01/extension/event/next"): try await nextEvent(call)
        case (.POST, "/2020-01-01/extension/init/error"), (.POST, "/2020-01-01/extension/exit/error"):
            try await call.skipBody()
            try await accepted(call)
        case (.PUT, "/2022-07-01/telemetry"), (.PUT, "/2020-08-15/logs"):
            try await call.skipBody()
            try await call.reply.send(
                .accepted,
                Self.json,
                Self.problem("Telemetry.NotSupported", "Telemetry API is not supported")
            )
        default:
            try await call.reply.send(.notFound, Self.json, Self.problem("NotFound", "404 page not found"))
        }
    }

    // MARK: Invocations

    private func next(_ call: HTTPCall) async throws {
        switch await platform.nextInvocation(environment) {
        case .none: throw CancellationError()
        case .refused(let verdict): try await refuse(verdict, call)
        case .delivery(let delivery):
            let invocation = delivery.invocation
            var headers: HTTPHeaders = [
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.id.rawValue,
                "Lambda-Runtime-Deadline-Ms": String(delivery.deadline),
                "Lambda-Runtime-Invoked-Function-Arn": delivery.arn,
            ]
            let optional = [
                ("Lambda-Runtime-Trace-Id", invocation.traceID),
                ("Lambda-Runtime-Client-Context", invocation.clientContext),
                ("Lambda-Runtime-Cognito-Identity", invocation.cognitoIdentity),
                ("Lambda-Runtime-Aws-Tenant-Id", invocation.tenantID),
            ]
            for case (let name, let value?) in optional { headers.add(name: name, value: value) }
            try await call.reply.send(.ok, headers, invocation.event)
        }
    }

    private func response(_ invocation: InvocationID, _ call: inout HTTPCall) async throws {
        let mode = call.head.headers.first(name: "Lambda-Runtime-Function-Response-Mode")
        if let mode, mode != "streaming" {
            try await call.skipBody()
            return try await call.reply.send(
                .badRequest,
                Self.json,
                Self.problem("InvalidFunctionResponseMode", "Invalid function response mode: \(mode)")
            )
        }
        let verdict = platform.answerBegan(environment, invocation)
        guard verdict == .accepted else { return try await refuse(verdict, call) }
        let type = call.head.headers.first(name: "Content-Type")
        if mode != nil { return try await stream(invocation, type, &call) }
        guard let body = try await call.body(upTo: Self.responseLimit) else {
            let bytes = call.head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? Self.responseLimit + 1
            platform.answered(environment, invocation, .failure(.responseTooLarge(bytes: bytes)))
            return try await call.reply.send(
                .payloadTooLarge,
                Self.json,
                Self.problem("RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
            )
        }
        platform.answered(environment, invocation, .answer(body: body, contentType: type))
        try await accepted(call)
    }

    private func stream(_ invocation: InvocationID, _ type: String?, _ call: inout HTTPCall) async throws {
        let pipe = BytePipe()
        platform.answerStreams(invocation, pipe, contentType: type)
        do {
            while let bytes = try await call.nextBytes() {
                // A client that went away does not keep the function from ending its answer.
                try? await pipe.write(bytes)
            }
        } catch {
            pipe.finish(throwing: StreamFailure(type: "Runtime.TruncatedResponse", body: []))
            throw error
        }
        platform.answered(environment, invocation, nil)
        if let type = call.trailers?.first(name: "Lambda-Runtime-Function-Error-Type") {
            let text = call.trailers?.first(name: "Lambda-Runtime-Function-Error-Body") ?? ""
            pipe.finish(throwing: StreamFailure(type: type, body: Base64.decode(text) ?? []))
        } else {
            pipe.finish()
        }
        try await accepted(call)
    }

    private func error(_ invocation: InvocationID, _ call: inout HTTPCall) async throws {
        let verdict = platform.answerBegan(environment, invocation)
        guard verdict == .accepted else { return try await refuse(verdict, call) }
        let body = try await call.body(upTo: Self.responseLimit) ?? []
        platform.answered(environment, invocation, .error(body: body, type: errorType(call, or: "Function.Unknown")))
        try await accepted(call)
    }

    private func initError(_ call: inout HTTPCall) async throws {
        let body = try await call.body(upTo: Self.responseLimit) ?? []
        let type = errorType(call, or: "Runtime.Unknown")
        let verdict = platform.initFailed(environment, type: type, body: body)
        guard verdict == .accepted else { return try await refuse(verdict, call) }
        try await accepted(call)
    }

    /// The type that the function gives its error; one that does not look like a type is replaced.
    private func errorType(_ call: HTTPCall, or unknown: String) -> String {
        let type = call.head.headers.first(name: "Lambda-Runtime-Function-Error-Type") ?? unknown
        return type.contains(#/^(Runtime|Function)\.[A-Z][a-zA-Z]+$/#) ? type : unknown
    }

    // MARK: Extensions

    private func register(_ call: inout HTTPCall) async throws {
        let body = try await call.body(upTo: 65_536) ?? []
        let text = String(decoding: body, as: UTF8.self)
        guard let name = call.head.headers.first(name: "Lambda-Extension-Name"), !name.isEmpty else {
            return try await call.reply.send(
                .badRequest,
                Self.json,
                Self.problem("Extension.InvalidExtensionName", "Empty extension name")
            )
        }
        if text.contains("\"SHUTDOWN\"") {
            return try await call.reply.send(
                .forbidden,
                Self.json,
                Self.problem(
                    "ShutdownEventNotSupportedForInternalExtension",
                    "SHUTDOWN event is not supported for internal extensions"
                )
            )
        }
        let identifier = platform.registerExtension(
            environment,
            name: name,
            hearsInvocations: text.contains("\"INVOKE\"")
        )
        guard let identifier else {
            return try await refuse(.wrongState(from: "RuntimeReady", to: "ExtensionRegistered"), call)
        }
        let identity = platform.options.identity
        var json = JSONText()
        json.object {
            $0.field("functionName", identity.name)
            $0.field("functionVersion", "$LATEST")
            $0.field("handler", identity.handler)
        }
        try await call.reply.send(
            .ok,
            ["Content-Type": "application/json", "Lambda-Extension-Identifier": identifier],
            json.bytes
        )
    }

    private func nextEvent(_ call: HTTPCall) async throws {
        let identifier = call.head.headers.first(name: "Lambda-Extension-Identifier") ?? ""
        guard let event = await platform.nextEvent(environment, extension: identifier) else {
            if Task.isCancelled { throw CancellationError() }
            return try await call.reply.send(
                .forbidden,
                Self.json,
                Self.problem("Extension.UnknownExtensionIdentifier", "Unknown extension \(identifier)")
            )
        }
        try await call.reply.send(
            .ok,
            ["Content-Type": "application/json", "Lambda-Extension-Event-Identifier": RequestIdentifier.random()],
            event
        )
    }

    // MARK: Answers

    private static let json: HTTPHeaders = ["Content-Type": "application/json"]

    private func accepted(_ call: HTTPCall) async throws {
        try await call.reply.send(.accepted, Self.json, Array(#"{"status":"OK"}"#.utf8))
    }

    private func refuse(_ verdict: RuntimeVerdict, _ call: HTTPCall) async throws {
        switch verdict {
        case .accepted: try await accepted(call)
        case .unknownInvocation:
            try await call.reply.send(
                .badRequest,
                Self.json,
                Self.problem("InvalidRequestID", "Invalid request ID")
            )
        case .wrongState(let from, let to):
            try await call.reply.send(
                .forbidden,
                Self.json,
                Self.problem(
                    "InvalidStateTransition",
                    "State transition from \(from) to \(to) failed for runtime. "
                        + "Error: State transition is not allowed"
                )
            )
        case .tooLate:
            try await call.reply.send(.gone, Self.json, Self.problem("InvokeTimeout", "Invoke timeout"))
        }
    }

    private static func problem(_ type: String, _ message: String) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.field("errorMessage", message)
            $0.field("errorType", type)
        }
        return json.bytes
    }
}
