import Synchronization

/// The operation was cancelled because its time was over.
package struct TimeLimitExceeded: Error {}

/// Runs an operation and cancels it when it takes longer than the limit.
///
/// It is begun in the caller's place. What needs no wait, as nearly everything at the boundary of an invocation, wakes no other thread and
/// sets no timer.
///
/// - Throws: `TimeLimitExceeded` when the time was over first, else what the operation throws. An operation that does
///   not react to being cancelled is waited for all the same: nothing is left running behind.
package func withTimeLimit(
    _ limit: Duration,
    by timer: DeadlineTimer,
    _ operation: @escaping @Sendable () async throws -> Void
) async throws {
    let end = OperationEnd()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addImmediateTask {
            defer { end.reach() }
            try await operation()
        }
        if !end.isReached {
            let isOver = await withCheckedContinuation { continuation in
                let id = timer.add(.now.advanced(by: limit), continuation)
                end.then { timer.finish(id) }
            }
            if isOver {
                group.cancelAll()
                try? await group.waitForAll()
                throw TimeLimitExceeded()
            }
        }
        try await group.waitForAll()
    }
}

/// The end of an operation: it may come before anybody waits for it.
private final class OperationEnd: Sendable {
    private enum State: Sendable {
        case ahead
        case awaited(@Sendable () -> Void)
        case reached
    }

    private let state = Mutex(State.ahead)

    var isReached: Bool {
        state.withLock { if case .reached = $0 { true } else { false } }
    }

    func reach() {
        let before = state.withLock { state in
            defer { state = .reached }
            return state
        }
        if case .awaited(let follow) = before { follow() }
    }

    /// Has something done when the end is there.
    func then(_ follow: @escaping @Sendable () -> Void) {
        let isReached = state.withLock { state in
            if case .reached = state { return true }
            state = .awaited(follow)
            return false
        }
        if isReached { follow() }
    }
}
