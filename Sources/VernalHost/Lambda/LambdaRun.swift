import HTTPTypes
import Logging

/// One invocation of a Lambda function with its event.
struct LambdaRun: Invocation {
    /// What the platform is told.
    enum Reply: Sendable {
        /// The function's result.
        case result([UInt8])
        /// An HTTP response whose content is sent as a stream.
        case stream(FunctionResponse)
        /// The function failed.
        case failure(LambdaFailure)
    }

    let invocation: LambdaInvocation
    let event: [UInt8]
    let program: FunctionProgram
    let streams: Bool
    let client: RuntimeClient
    let deadlines: InvocationDeadlines?
    let logger: Logger

    var requestID: String { invocation.requestID }
    var lambda: LambdaDetails? { invocation.details }

    func handle(in context: InvocationContext) async -> Reply {
        do {
            switch program {
            case .events(let handler): return .result(try await handler(FunctionEvent(body: event), context))
            case .requests(let handler): return try await handle(with: handler, in: context)
            }
        } catch {
            if Task.isCancelled { return .failure(.stopping) }
            context.logger.error("the handler failed", metadata: ["error": "\(error)"])
            return .failure(LambdaFailure(error))
        }
    }

    private func handle(with handler: FunctionHandler, in context: InvocationContext) async throws -> Reply {
        guard let (request, shape) = try EventTranslation.request(fromEvent: event) else { return .failure(.notHTTP) }
        var response = await outcome(of: handler, for: request, in: context)
        // As the HTTP server does: the client's own ID when it sent one.
        response.headers[.requestID] = VernalHost.requestID(from: request.headers[.requestID] ?? requestID)
        if streams { return .stream(response) }
        return .result(try await EventTranslation.response(response, for: shape))
    }

    func reply(to interruption: Interruption) -> Reply {
        switch interruption {
        case .overloaded, .stopping: .failure(.stopping)
        case .timedOut: .failure(.timeout)
        }
    }

    func send(_ reply: Reply, isLast: Bool) async {
        switch reply {
        case .result(let bytes) where bytes.count > LambdaLimits.responseBytes:
            // The platform would refuse it, and the caller would hear less.
            logger.error(
                "the response is too large",
                metadata: ["bytes": "\(bytes.count)", "request-id": "\(requestID)"]
            )
            await client.fail(invocation, with: .tooLarge(bytes.count))
        case .result(let bytes): await client.answer(invocation, with: bytes)
        case .failure(let failure): await client.fail(invocation, with: failure)
        case .stream(let response): await client.stream(invocation) { write in await stream(response, write) }
        }
    }

    /// Sends an HTTP response piece by piece, and tells what went wrong in the middle.
    private func stream(
        _ response: FunctionResponse,
        _ write: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async -> LambdaFailure? {
        do {
            try await write(streamPrelude(of: response))
            switch response.body {
            case .bytes(let bytes): try await write(bytes)
            case .stream(let produce):
                var writer = ResponseBodyWriter(write)
                try await produce(&writer)
            }
            return nil
        } catch {
            // Cancelled in the middle: only the clock and the end of the process do that.
            if Task.isCancelled { return deadlines.map { $0.handler <= .now } == true ? .timeout : .stopping }
            logger.error(
                "the response could not be sent whole",
                metadata: ["error": "\(error)", "request-id": "\(requestID)"]
            )
            return LambdaFailure(error)
        }
    }
}
