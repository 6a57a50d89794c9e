package import Moments
internal import Synchronization

/// Where every conversation waits for its socket: the one seam between libpq and the concurrency of Swift.
///
/// A short answer is waited for in place, because handing a task from thread to thread costs several times what the
/// answer itself takes. That is only done while nothing else of the process waits for a server, while the answers
/// of this connection have been quick, and for a few milliseconds at the most; in all other cases the task sleeps and the
/// poller wakes it. The figures behind this are in the benchmarks.
package final class SocketWaiter: Sendable {
    /// The waiter of the process.
    ///
    /// A forked child has its own: its parent's thread is not there, and its parent's event queue is not to be touched.
    package static var shared: SocketWaiter {
        ofProcess.withLock { current in
            if ForkGuard.hasForked(since: current.generation) { current = (ForkGuard.generation, SocketWaiter()) }
            return current.waiter
        }
    }

    private static let ofProcess = Mutex((generation: ForkGuard.generation, waiter: SocketWaiter()))

    /// How to wait.
    package enum Mode: Sendable {
        /// In place while that is cheaper and hurts nobody, else asleep.
        case adaptive
        /// Always asleep; for comparison and for tests.
        case park
    }

    let poller = Poller()
    private let mode: Mode
    /// How many conversations wait for a server at this moment.
    private let waiting = Atomic<Int>(0)
    /// When a task that waits in place last let the others go first, by `monotonicNanoseconds`.
    private let lastYield = Atomic<Int64>(0)
    /// When a wait in place was last over.
    private let lastWait = Atomic<Int64>(0)
    /// Whether the tasks of the process have more threads than one.
    private static let hasThreads = processorCount > 1

    /// How many threads are in a call that blocks.
    let callsUnderWay = Atomic<Int>(0)

    /// The most threads that may be in a call that blocks.
    static let mostThreads = 32
    private static let inPlaceLimit = Duration.nanoseconds(InPlaceRule.limit)

    package init(mode: Mode = .adaptive) {
        self.mode = mode
    }

    /// Waits until the socket is ready, the deadline has passed or the task is cancelled.
    ///
    /// - Parameters:
    ///   - descriptor: the socket, read anew from libpq for each wait, because it may change while connecting.
    ///   - interest: what to wait for.
    ///   - deadline: when to give up; `nil` waits for ever.
    ///   - pace: how quick this connection's answers have been; updated here.
    ///   - isCancellable: whether the cancellation of the task ends the wait. Clean-up work says no.
    /// - Returns: why the wait is over.
    @inline(__always)
    package func wait(
        for descriptor: Int32,
        _ interest: SocketInterest,
        until deadline: Moment?,
        pace: inout AnswerPace,
        isCancellable: Bool
    ) async -> WakeReason {
        let wait = Wait(
            descriptor: descriptor,
            interest: interest,
            deadline: deadline,
            isCancellable: isCancellable,
            begun: monotonicNanoseconds()
        )
        // The usual way takes no suspension, and no function that may suspend: each of those has a frame of its own.
        // A socket takes what is sent at once, nearly always: others have their turn while an answer is waited for.
        let outcome = waitInPlace(wait, &pace, givesWay: interest != .write)
        return outcome == .ready ? .ready : await waitOn(wait, &pace, after: outcome)
    }

    /// What is waited for, and since when.
    private struct Wait {
        let descriptor: Int32
        let interest: SocketInterest
        let deadline: Moment?
        let isCancellable: Bool
        let begun: Int64
    }

    /// What came of a wait in place.
    private enum Outcome {
        case ready
        /// Nothing in time; or it was not to be waited for in place.
        case nothing
        /// It is time to let the others go first.
        case givesWay
    }

    /// Waits in place, if that is cheaper and hurts nobody.
    ///
    /// Whether the task was cancelled is asked when it gives way, or sleeps: that is soon, and asking each time costs more than it is worth.
    private func waitInPlace(_ wait: Wait, _ pace: inout AnswerPace, givesWay: Bool) -> Outcome {
        guard mode == .adaptive else { return .nothing }
        let isAlone = waiting.add(1, ordering: .relaxed).oldValue == 0
        defer { waiting.subtract(1, ordering: .relaxed) }

        let isOwnThread = poller.isCurrentThread
        if isOwnThread {
            if wait.isCancellable, CurrentTask.isCancelled { return .nothing }
        } else {
            guard isAlone, InPlaceRule.allowsWait(average: pace.average, sparesThread: Self.sparesThread) else {
                return .nothing
            }
            if givesWay, isTimeToYield(at: wait.begun, pace) { return .givesWay }
        }
        let limit = wait.deadline.map { min($0 - .now, Self.inPlaceLimit) } ?? Self.inPlaceLimit
        guard
            isOwnThread
                ? limit > .zero && poller.waitHere(for: (wait.descriptor, wait.interest), limit: limit)
                : pollInPlace(wait.descriptor, for: wait.interest, limit: limit)
        else { return .nothing }
        let end = monotonicNanoseconds()
        lastWait.store(end, ordering: .relaxed)
        pace.record(end - wait.begun)
        return .ready
    }

    /// Waits on, if need be asleep.
    private func waitOn(_ wait: Wait, _ pace: inout AnswerPace, after outcome: Outcome) async -> WakeReason {
        if outcome == .givesWay {
            await Task.yield()
            if wait.isCancellable, CurrentTask.isCancelled { return .cancelled }
            if waitInPlace(wait, &pace, givesWay: false) == .ready { return .ready }
        }
        if wait.isCancellable, CurrentTask.isCancelled { return .cancelled }
        if let deadline = wait.deadline, deadline <= .now { return .timedOut }
        waiting.add(1, ordering: .relaxed)
        defer { waiting.subtract(1, ordering: .relaxed) }
        let reason = await poller.sleep(
            at: Parking(),
            for: (wait.descriptor, wait.interest),
            until: wait.deadline,
            isCancellable: wait.isCancellable
        )
        pace.record(monotonicNanoseconds() - wait.begun)
        return reason
    }

    /// Sleeps until there is something to read, for what comes when it comes and is no answer.
    ///
    /// Never in place; and it does not count as waiting for a server, so that it keeps nobody else from doing so.
    func sleep(untilReadable descriptor: Int32, deadline: Moment?) async -> WakeReason {
        if CurrentTask.isCancelled { return .cancelled }
        if let deadline, deadline <= .now { return isReadable(descriptor) ? .ready : .timedOut }
        return await poller.sleep(
            at: Parking(),
            for: (descriptor, .read),
            until: deadline,
            isCancellable: true
        )
    }

    /// The thread that watches the sockets, for tasks that prefer to run there.
    package var executor: any TaskExecutor { poller }

    /// Whether the socket has something to read at this moment.
    ///
    /// Never waits.
    package func isReadable(_ descriptor: Int32) -> Bool {
        pollInPlace(descriptor, for: .read, limit: .zero)
    }

    /// Sleeps until somebody wakes `parking`, the deadline passes or the task is cancelled.
    package func sleep(at parking: Parking, until deadline: Moment?) async -> WakeReason {
        await poller.sleep(at: parking, until: deadline, isCancellable: true)
    }

    private func isTimeToYield(at time: Int64, _ pace: AnswerPace) -> Bool {
        let last = lastYield.load(ordering: .relaxed)
        let lastWait = lastWait.load(ordering: .relaxed)
        let turn = InPlaceRule.turn(at: time, last: last, lastWait: lastWait, average: pace.average)
        guard turn != .own else { return false }
        let (isFirst, _) = lastYield.compareExchange(expected: last, desired: time, ordering: .relaxed)
        return isFirst && turn == .others
    }

    /// Whether others find a thread while that of the caller is blocked.
    ///
    /// A task that prefers an executor may have one of a single thread.
    private static var sparesThread: Bool { hasThreads && !CurrentTask.hasExecutorPreference }
}
