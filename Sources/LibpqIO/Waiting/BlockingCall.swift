internal import Moments
internal import Synchronization

extension SocketWaiter {
    /// Makes a call that blocks (a name lookup, libpq's `PQcancel`) on a thread of its own and waits for its result.
    ///
    /// Swift's own threads are few, so none of them may block. When the wait is given up the thread goes on
    /// until the call returns, and the result is dropped. So threads can pile up while a host does not answer; beyond
    /// `mostThreads` of them the wait is given up before it begins.
    ///
    /// - Returns: the result, or why there is none.
    func callOnOwnThread<T: Sendable>(
        until deadline: Moment?,
        isCancellable: Bool,
        _ call: @escaping @Sendable () -> T
    ) async -> Result<T, GaveUp> {
        guard callsUnderWay.add(1, ordering: .relaxed).oldValue < Self.mostThreads else {
            callsUnderWay.subtract(1, ordering: .relaxed)
            return .failure(.timedOut)
        }
        let outcome = Outcome<T>()
        let parking = Parking()
        let hasStarted = startThread { [self] in
            let value = call()
            outcome.value.withLock { $0 = value }
            callsUnderWay.subtract(1, ordering: .relaxed)
            parking.wake(.ready)
        }
        guard hasStarted else {
            callsUnderWay.subtract(1, ordering: .relaxed)
            return .failure(.timedOut)
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
