internal import Synchronization

/// Why a suspended task goes on.
package enum WakeReason: Sendable, Hashable {
    /// What was waited for has come: the socket is ready, the thread is done, the connection was handed over.
    case ready
    /// The deadline has passed.
    case timedOut
    /// The task was cancelled.
    case cancelled
}

/// A place where one task sleeps once, until the first of several parties wakes it.
///
/// The parties (the poller, a deadline, a cancellation, another task) need not know of each other: the first reason wins
/// and the later ones are dropped. A wake that comes before the sleep is kept, so there is no moment at which one
/// can be lost.
package final class Parking: Sendable {
    /// Each continuation is taken out of here once, under the lock, so none is resumed twice.
    @safe private enum State {
        case empty
        case occupied(UnsafeContinuation<WakeReason, Never>)
        case woken(WakeReason)
    }

    private let state = Mutex<State>(.empty)

    package init() {}

    /// Wakes the task, now or as soon as it wants to sleep.
    ///
    /// - Returns: whether this reason is the one that the task gets.
    @discardableResult
    package func wake(_ reason: WakeReason) -> Bool {
        let before = state.withLock { state in
            let before = state
            if case .woken = state { return before }
            state = .woken(reason)
            return before
        }
        switch before {
        case .empty:
            return true
        case .occupied(let sleeper):
            unsafe sleeper.resume(returning: reason)
            return true
        case .woken:
            return false
        }
    }

    /// Sleeps until somebody wakes the task.
    ///
    /// - Parameter isCancellable: whether the cancellation of the task wakes it. Clean-up work says no.
    /// - Returns: why the task goes on.
    func sleep(isCancellable: Bool) async -> WakeReason {
        guard isCancellable else { return await sleep() }
        return await withTaskCancellationHandler {
            await sleep()
        } onCancel: {
            wake(.cancelled)
        }
    }

    private func sleep() async -> WakeReason {
        await unsafe withUnsafeContinuation { sleeper in
            let early: WakeReason? = state.withLock { state in
                if case .woken(let reason) = state { return reason }
                state = unsafe .occupied(sleeper)
                return nil
            }
            if let early { unsafe sleeper.resume(returning: early) }
        }
    }
}
