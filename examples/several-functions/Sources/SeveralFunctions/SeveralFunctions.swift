import VernalHost

/// Several functions in one program; `FUNCTION_TARGET` or `--target` chooses the one that is served.
///
///     hello     answers every request with a constant
///     echo      answers with what it was sent
///     slow      answers after half a second
///     reply     takes a CloudEvent and gives one in reply, with the same data
///     take      takes a CloudEvent and gives nothing
///     sum       takes a list of numbers and gives their sum
@main struct SeveralFunctions {
    static func main() async throws {
        var options = HostOptions()
        options.headerTimeout = .seconds(2)
        options.bodyTimeout = .seconds(2)
        options.maxBodyBytes = 1024 * 1024
        options.maxConcurrentRequests = 64
        options.probes = ProbeRoutes(metrics: "/metrics") { "functions_up 1\n" }
        try await FunctionHost.serve(
            options,
            functions: [
                "hello": .http { _, _ in .text("hello\n") },
                "echo": .http(echo),
                "slow": .http { _, _ in
                    try await Task.sleep(for: .milliseconds(500))
                    return .text("slow\n")
                },
                "reply": .cloudEvent { event, context in
                    var reply = event
                    reply.id = context.requestID
                    reply.type = event.type + ".reply"
                    return reply
                },
                "take": .cloudEvent { event, context in
                    context.logger.info("took", metadata: ["id": "\(event.id)", "subject": "\(event.subject ?? "-")"])
                    return nil
                },
                "sum": .typed { (numbers: [Int], _) in ["sum": numbers.reduce(0, &+)] },
            ]
        )
    }

    private static func echo(_ request: FunctionRequest, _ context: InvocationContext) -> FunctionResponse {
        FunctionResponse(
            headers: [.contentType: request.headers[.contentType] ?? "application/octet-stream"],
            body: request.body.isEmpty
                ? Array("\(request.method.rawValue) \(request.head.path ?? "")\n".utf8) : request.body
        )
    }
}
