/// One invocation as its platform sees it: what is asked, who is answered, and until when.
protocol Invocation: Sendable {
    associatedtype Reply: Sendable

    /// Names the invocation in logs.
    var requestID: String { get }
    /// When it has to be over; `nil` when nobody has set a limit.
    var deadlines: InvocationDeadlines? { get }
    /// What AWS Lambda says about it.
    var lambda: LambdaDetails? { get }

    /// What the handler makes of it; the handler's errors have become answers.
    func handle(in context: InvocationContext) async -> Reply
    /// What is answered in the handler's place.
    func reply(to interruption: Interruption) -> Reply
    /// Sends an answer, and returns when it is out or cannot get out.
    ///
    /// - Parameters:
    ///   - reply: The answer.
    ///   - isLast: Whether the way it goes has to be given up afterwards, because the handler may still be running.
    func send(_ reply: Reply, isLast: Bool) async
}

extension Invocation {
    var lambda: LambdaDetails? { nil }
}

/// Why a handler is not asked, or not heard.
enum Interruption: Sendable {
    /// As many invocations as are allowed are in flight already.
    case overloaded
    /// The process is at its end.
    case stopping
    /// The handler did not answer before its deadline.
    case timedOut
}

/// The end of one invocation.
struct InvocationDeadlines: Sendable {
    /// When the handler is cancelled and the caller is told so.
    var handler: ContinuousClock.Instant
    /// When the platform ends the invocation, and perhaps the process: not before the handler's.
    var platform: ContinuousClock.Instant
}
