internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    func wait(
        _ id: WaiterID,
        _ waiter: Waiter,
        askAgain: Moment?,
        _ request: AcquireRequest
    ) async throws(VernalError) -> Step? {
        let deadline = request.deadline
        var askAgain = askAgain
        // Somebody may have forgotten to give his connection back, and nobody else would ever notice.
        if shared.withLock({ $0.watch.isDue(request.begun) }) { lookAround() }
        while true {
            let reason = await waiter.sleep(until: min(askAgain ?? deadline, deadline))
            if let handover = waiter.take() {
                askAgain = handover.timeToAskAgain
                if askAgain != nil { continue }
                return shared.withLock(giving: handover) { shared, handover in
                    shared.step(for: handover, request.borrower)
                }
            }
            if reason == .timedOut, let time = askAgain, time < deadline {
                askAgain = nil
                let step: Step? = shared.withLock { shared in
                    guard let action = shared.state.askedAgain(id, now: .now) else { return nil }
                    if action.isWait {
                        askAgain = action.timeToAskAgain
                        return nil
                    }
                    shared.waiters[id] = nil
                    return shared.step(for: action, request.borrower)
                }
                settle()
                if step != nil { return step }
                continue
            }
            if reason == .ready {
                // Woken with nothing, because the system has no thread for the poller: look again later.
                await Task.yield()
                if Moment.now < deadline { continue }
            }
            let leaving: PoolState.Leaving = reason == .cancelled ? .cancelled : .timedOut
            let wasWaiting = shared.withLock { shared in
                shared.waiters[id] = nil
                return shared.state.waiterLeft(id, because: leaving)
            }
            // If it was not, something was put down in this very moment: the next round finds it.
            guard wasWaiting else { continue }
            settle()
            let wait: VernalError.Wait = askAgain == nil ? .poolQueue : .connectThrottle
            throw gaveUp(leaving == .cancelled ? .cancelled : .timedOut, wait)
        }
    }

    /// Serves waiters for whom there is something, until there is nothing more, and wakes those who wait for the pool to be
    /// empty.
    func settle() {
        while true {
            var expired = UniqueArray<Closing>()
            let (sleepers, isDone) = shared.withLock { shared -> ([Parking], Bool) in
                if shared.state.isClosed, shared.state.isEmpty {
                    defer { shared.drainers = [] }
                    return (shared.drainers, true)
                }
                guard let wake = shared.state.nextWake(now: .now) else { return ([], true) }
                for connection in wake.close { expired.append(shared.takeOut(connection)) }
                let waiter = wake.waiter
                let parking = shared.put(wake.take(), for: waiter)
                return (parking.map { [$0] } ?? [], false)
            }
            finish(&expired)
            for sleeper in sleepers { sleeper.wake(.ready) }
            if isDone { return }
        }
    }
}
