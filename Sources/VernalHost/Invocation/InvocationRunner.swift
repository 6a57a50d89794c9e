import HTTPTypes
import Logging

/// What a function does with a request.
public typealias FunctionHandler =
    @Sendable (FunctionRequest, InvocationContext) async throws -> FunctionResponse

/// An answer on its way out.
struct Answer: Sendable {
    var response: FunctionResponse
    let requestID: String
    /// Whether the way it goes out has to be given up afterwards, because the handler may still be running.
    var isLast = false
}

/// Sends an answer, and returns when it is out; throws `CancellationError` when there is nobody to take it any more.
typealias Responder = @Sendable (Answer) async throws -> Void

/// Runs the invocations that are requests to an HTTP server.
final class InvocationRunner: Sendable {
    private let handler: FunctionHandler
    private let probes: ProbeRoutes?
    private let overloadStatus: HTTPResponse.Status
    private let logger: Logger
    private let sequence: InvocationSequence
    /// Probes have a sequence of their own: they find room when the function has none, and wake no participant.
    private let probeSequence: InvocationSequence

    init(_ options: HostOptions, platform: HTTPPlatform, participants: Participants, handler: @escaping FunctionHandler)
    {
        self.handler = handler
        probes = options.probes
        overloadStatus = platform.overloadStatus
        logger = options.logger
        probeSequence = InvocationSequence(participants: participants, rest: .keepsRunning, logger: options.logger)
        sequence = InvocationSequence(
            participants: participants,
            rest: .mayFreeze(within: Participants.boundaryLimit),
            limit: options.maxConcurrentRequests,
            logger: options.logger
        )
    }

    /// Reads or changes the state of the host; every change goes through here.
    func withState<Result: Sendable>(_ body: (inout HostState) -> Result) -> Result {
        sequence.withState(body)
    }

    /// Runs one invocation from beginning to end.
    func run(_ request: FunctionRequest, within timeout: Duration?, respond: @escaping Responder) async {
        let deadline = timeout.map { ContinuousClock.now.advanced(by: $0) }
        let probe = probes?.handler(for: request)
        let sequence = probe == nil ? sequence : probeSequence
        await sequence.run(
            HTTPInvocation(
                request: request,
                requestID: VernalHost.requestID(from: request.headers[.requestID]),
                deadlines: deadline.map { InvocationDeadlines(handler: $0, platform: $0) },
                handler: probe ?? handler,
                respond: respond,
                overloadStatus: overloadStatus,
                logger: logger
            )
        )
    }
}

/// One request to an HTTP server.
private struct HTTPInvocation: Invocation {
    let request: FunctionRequest
    let requestID: String
    let deadlines: InvocationDeadlines?
    let handler: FunctionHandler
    let respond: Responder
    let overloadStatus: HTTPResponse.Status
    let logger: Logger

    func handle(in context: InvocationContext) async -> FunctionResponse {
        await outcome(of: handler, for: request, in: context)
    }

    func reply(to interruption: Interruption) -> FunctionResponse {
        switch interruption {
        case .overloaded: .overloaded(overloadStatus, requestID: requestID)
        case .stopping: .stopping(requestID: requestID)
        case .timedOut: .timedOut(requestID: requestID)
        }
    }

    func send(_ reply: FunctionResponse, isLast: Bool) async {
        do {
            try await respond(Answer(response: reply, requestID: requestID, isLast: isLast))
        } catch is CancellationError {
            // The client has gone or the time is over: nobody's mistake.
        } catch {
            logger.error(
                "the response could not be sent whole",
                metadata: ["error": "\(error)", "request-id": "\(requestID)"]
            )
        }
    }
}

/// What the handler makes of the request; its errors become answers that say nothing about the inside.
func outcome(
    of handler: FunctionHandler,
    for request: FunctionRequest,
    in context: InvocationContext
) async -> FunctionResponse {
    do {
        let response = try await handler(request, context)
        guard response.status.code >= 200 else {
            context.logger.error(
                "the handler answered with a status below 200",
                metadata: [
                    "status": "\(response.status.code)"
                ]
            )
            return .internalError(requestID: context.requestID)
        }
        return response
    } catch let error as RequestDecodingError {
        return .failure(.badRequest, error.description, requestID: context.requestID)
    } catch {
        // A cancelled handler is the host's own doing: the client has gone or the time is over.
        if Task.isCancelled { return .stopping(requestID: context.requestID) }
        context.logger.error("the handler failed", metadata: ["error": "\(error)"])
        return .internalError(requestID: context.requestID)
    }
}
