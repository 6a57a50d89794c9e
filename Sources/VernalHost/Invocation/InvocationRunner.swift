import HTTPTypes
import InvocationLifecycle
import Logging
import Synchronization

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

/// The sequence of one invocation, the same on every platform: admit, thaw, handle within the deadline, answer, freeze.
final class InvocationRunner: Sendable {
    private let handler: FunctionHandler
    private let participants: Participants
    private let logger: Logger
    private let state: Mutex<HostState>

    init(handler: @escaping FunctionHandler, participants: Participants, limit: Int?, logger: Logger) {
        self.handler = handler
        self.participants = participants
        self.logger = logger
        state = Mutex(HostState(limit: limit))
    }

    /// Reads or changes the state of the host; every change goes through here.
    func withState<Result: Sendable>(_ body: (inout HostState) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    /// Runs one invocation from beginning to end.
    func run(_ request: FunctionRequest, within timeout: Duration?, respond: @escaping Responder) async {
        let id = requestID(from: request.headers[.requestID])
        let now = ContinuousClock.now
        switch withState({ $0.invocationArrived(at: now) }) {
        case .overloaded:
            await send(Answer(response: .overloaded(requestID: id), requestID: id), respond)
        case .stopped:
            await send(Answer(response: .stopping(requestID: id), requestID: id, isLast: true), respond)
        case .admitted(let isColdStart, let gap):
            if let gap { await participants.didThaw(gap: gap) }
            let deadline = timeout.map { now.advanced(by: $0) }
            let context = InvocationContext(
                requestID: id,
                deadline: deadline,
                isColdStart: isColdStart,
                logger: logger
            )
            if let deadline {
                await InvocationDeadline.$current.withValue(InvocationDeadline(deadline)) {
                    await handle(request, context, by: deadline, respond)
                }
            } else {
                await send(Answer(response: await outcome(request, context), requestID: id), respond)
            }
            if withState({ $0.invocationEnded(at: ContinuousClock.now) }) { await participants.willFreeze() }
        }
    }

    /// Handles a request that has a deadline: whoever takes the right to answer first, handler or clock, answers.
    ///
    /// The client hears of the timeout at once, even when the handler goes on in spite of being cancelled; the
    /// invocation ends when the handler has.
    private func handle(
        _ request: FunctionRequest,
        _ context: InvocationContext,
        by deadline: ContinuousClock.Instant,
        _ respond: @escaping Responder
    ) async {
        let id = context.requestID
        let isAnswered = AnswerClaim()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let response = await self.outcome(request, context)
                if isAnswered.take() { await self.send(Answer(response: response, requestID: id), respond) }
                return false
            }
            group.addTask {
                do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return false }
                return true
            }
            let isOver = await group.next() ?? false
            // Before the cancelling, so that the cancelled handler's answer cannot come first.
            let answers = isOver && isAnswered.take()
            group.cancelAll()
            guard isOver else { return }
            context.logger.error("the handler did not answer in time")
            guard answers else { return }
            await self.send(Answer(response: .timedOut(requestID: id), requestID: id, isLast: true), respond)
        }
    }

    /// What the handler makes of the request; its errors become answers that say nothing about the inside.
    private func outcome(_ request: FunctionRequest, _ context: InvocationContext) async -> FunctionResponse {
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

    private func send(_ answer: Answer, _ respond: Responder) async {
        do {
            try await respond(answer)
        } catch is CancellationError {
            // The client has gone or the time is over: nobody's mistake.
        } catch {
            logger.error(
                "the response could not be sent whole",
                metadata: ["error": "\(error)", "request-id": "\(answer.requestID)"]
            )
        }
    }
}

/// The right to answer a request, which is given once.
private final class AnswerClaim: Sendable {
    private let isTaken = Mutex(false)

    func take() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }
}
