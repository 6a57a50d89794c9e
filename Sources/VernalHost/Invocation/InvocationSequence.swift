import InvocationLifecycle
import Logging
import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The sequence of one invocation, the same on every platform: admit, thaw, handle within the deadline, answer, freeze.
final class InvocationSequence: Sendable {
    /// What happens to the process between invocations.
    enum Rest: Sendable {
        /// It may be frozen; the participants have so long to prepare.
        case mayFreeze(within: Duration)
        /// It runs on.
        case keepsRunning
    }

    private let participants: Participants
    private let rest: Rest
    private let logger: Logger
    private let state: Mutex<HostState>
    private let timer = DeadlineTimer()

    init(participants: Participants, rest: Rest, limit: Int? = nil, logger: Logger) {
        self.participants = participants
        self.rest = rest
        self.logger = logger
        state = Mutex(HostState(limit: limit))
    }

    /// Reads or changes the state of the host; every change goes through here.
    func withState<Result: Sendable>(_ body: (inout HostState) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    /// Runs one invocation from beginning to end.
    func run(_ invocation: some Invocation) async {
        switch withState({ $0.invocationArrived(at: .now, wall: Self.wall()) }) {
        case .overloaded: await invocation.send(invocation.reply(to: .overloaded), isLast: false)
        case .stopped: await invocation.send(invocation.reply(to: .stopping), isLast: true)
        case .admitted(let isColdStart, let gap):
            if let gap, case .mayFreeze = rest { await participants.didThaw(gap: gap) }
            let deadlines = invocation.deadlines
            let context = InvocationContext(
                requestID: invocation.requestID,
                deadline: deadlines?.handler,
                isColdStart: isColdStart,
                lambda: invocation.lambda,
                logger: logger
            )
            if let deadlines {
                await InvocationDeadline.$bound.withValue(InvocationDeadline(deadlines.platform)) {
                    await handle(invocation, context, by: deadlines.handler)
                }
            } else {
                await invocation.send(await invocation.handle(in: context), isLast: false)
            }
            let isIdle = withState { $0.invocationEnded(at: .now, wall: Self.wall()) }
            if isIdle, case .mayFreeze(let limit) = rest { await freeze(within: limit, deadlines) }
        }
    }

    /// Handles an invocation that has a deadline: whoever takes the right to answer first, handler or clock, answers.
    ///
    /// The caller hears of the timeout at once, even when the handler goes on in spite of being cancelled; the
    /// invocation ends when the handler has.
    private func handle(
        _ invocation: some Invocation,
        _ context: InvocationContext,
        by deadline: ContinuousClock.Instant
    ) async {
        let isAnswered = AnswerClaim()
        await withTaskGroup(of: Void.self) { group in
            let isOver = await withCheckedContinuation { continuation in
                let id = timer.add(deadline, continuation)
                group.addTask {
                    let reply = await invocation.handle(in: context)
                    if isAnswered.take() { await invocation.send(reply, isLast: false) }
                    self.timer.finish(id)
                }
            }
            guard isOver else { return }
            // Before the cancelling, so that the cancelled handler's answer cannot come first.
            let answers = isAnswered.take()
            group.cancelAll()
            context.logger.error("the handler did not answer in time")
            if answers { await invocation.send(invocation.reply(to: .timedOut), isLast: true) }
        }
    }

    /// Lets the participants prepare for being frozen, but never so long that the platform's patience ends meanwhile:
    /// until they are done the platform takes the invocation for running, and may throw the answer away.
    private func freeze(within limit: Duration, _ deadlines: InvocationDeadlines?) async {
        let left = deadlines.map { ContinuousClock.now.duration(to: $0.platform) / 2 }
        await participants.willFreeze(within: min(limit, left ?? limit))
    }

    /// The time of day, which goes on where the other clocks may stop: while the machine lies on a disk as a snapshot.
    private static func wall() -> Duration { .seconds(Date.now.timeIntervalSince1970) }
}

/// The right to answer, which is given once.
private final class AnswerClaim: Sendable {
    private let isTaken = Mutex(false)

    func take() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }
}
