internal import Moments
internal import Synchronization

extension SocketWaiter {
    /// Makes a call that blocks (a name lookup, libpq's `PQcancel`) on a thread of its own and waits for its result.
    ///
    /// Swift's own threads are few, so none of them may block. When the wait is given up the thread goes on
    /// until the call returns, and the result is dropped.
    ///
    /// - Returns: the result, or why there is none.
    func callOnOwnThread<T: Sendable>(
        until deadline: Moment?,
        isCancellable: Bool,
        _ call: @escaping @Sendable () -> T
    ) async -> Result<T, GaveUp> {
        let outcome = Outcome<T>()
        let parking = Parking()
        startThread {
            let value = call()
            outcome.value.withLock { $0 = value }
            parking.wake(.ready)
        }
        let reason = await poller.sleep(at: parking, until: deadline, isCancellable: isCancellable)
        if let value = outcome.value.withLock({ $0 }) { return .success(value) }
        return .failure(reason == .cancelled ? .cancelled : .timedOut)
    }

    private final class Outcome<T: Sendable>: Sendable {
        let value = Mutex<T?>(nil)
    }
}

/// Why a wait was given up.
package enum GaveUp: Error, Sendable, Hashable {
    case timedOut
    case cancelled
}
