internal import InvocationLifecycle
internal import LibpqIO
internal import Moments
internal import Synchronization

/// Runs one invocation of a function, for programs whose host is not `VernalHost`: what an engine has to know of it is told.
///
/// Within the closure every wait for a connection and every statement ends before the deadline, with the reason. Connections
/// that have been frozen are looked at before they are lent again. When the last of the invocations is over that run at the same time,
/// connections are given back if the server is short of them, and those that somebody has forgotten are reported.
///
/// ```swift
/// let runtime = LambdaRuntime { (event: Event, context: LambdaContext) in
///     try await withInvocation(deadline: .now + context.getRemainingTime()) {
///         try await getEngine().query("SELECT …").decode(User.self)
///     }
/// }
/// ```
///
/// - Parameters:
///   - deadline: When the platform ends the invocation; `nil` when it sets no limit.
///   - body: The handler's work.
/// - Returns: what the closure returned.
/// - Throws: what the closure threw.
@discardableResult
public func withInvocation<R>(
    deadline: ContinuousClock.Instant? = nil,
    _ body: () async throws -> R
) async rethrows -> R {
    let participants = ParticipantRegistry.shared.participants
    if let gap = InvocationCount.shared.begin(now: .now) {
        for participant in participants { await participant.didThaw(gap: gap) }
    }
    do {
        let result = try await InvocationDeadline.$bound.withValue(deadline.map { InvocationDeadline($0) }) {
            try await body()
        }
        await invocationEnded()
        return result
    } catch {
        await invocationEnded()
        throw error
    }
}

/// Tells the engines that this process was restored from a snapshot: what they know of their connections holds no longer.
public func processWasRestored() async {
    for participant in ParticipantRegistry.shared.participants { await participant.afterRestore() }
}

private func invocationEnded() async {
    guard InvocationCount.shared.end(now: .now) else { return }
    for participant in ParticipantRegistry.shared.participants { await participant.willFreeze() }
}

/// How many invocations run, and since when none has.
private final class InvocationCount: Sendable {
    static let shared = InvocationCount()

    private struct Count: Sendable {
        var running = 0
        var idleSince: Moment?
    }

    private let count = Mutex(Count())

    /// - Returns: for how long nothing ran, when that is long enough to have been a freeze.
    func begin(now: Moment) -> Duration? {
        count.withLock { count in
            defer { count.running += 1 }
            guard count.running == 0, let idleSince = count.idleSince, now - idleSince > .seconds(1) else { return nil }
            return now - idleSince
        }
    }

    /// - Returns: whether it was the last one.
    func end(now: Moment) -> Bool {
        count.withLock { count in
            count.running -= 1
            count.idleSince = now
            return count.running == 0
        }
    }
}
