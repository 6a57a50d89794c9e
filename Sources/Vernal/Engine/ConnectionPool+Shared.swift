internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool.Shared {
    /// Puts what the state decided together with what belongs to it.
    mutating func step(for action: consuming AcquireAction, _ borrower: Borrower) -> ConnectionPool.Step {
        switch consume action {
        case .lend(let connection, let check):
            return lend(connection, check, borrower)
        case .open(let permit):
            return .connect(permit)
        // What was left of it lies in its slot.
        case .resume(let permit):
            return .connect(permit)
        case .wait(let id, let askAgain):
            let waiter = Waiter()
            waiters[id] = waiter
            return .wait(id, waiter, askAgain: askAgain)
        case .reject(let reason):
            return .reject(reason)
        }
    }

    mutating func step(for handover: consuming Handover, _ borrower: Borrower) -> ConnectionPool.Step {
        switch consume handover {
        case .lend(let connection, let check): lend(connection, check, borrower)
        case .open(let permit): step(for: AcquireAction.open(permit), borrower)
        case .resume(let permit): step(for: AcquireAction.resume(permit), borrower)
        case .reject(let reason): .reject(reason)
        case .askAgain: .reject(.closed)
        }
    }

    private mutating func lend(
        _ connection: ConnectionID,
        _ check: LivenessCheck,
        _ borrower: Borrower
    ) -> ConnectionPool.Step {
        watch.lent(connection.slot, to: borrower)
        // A connection that the state calls idle or handed over lies in its slot: both change under one lock.
        guard let parked = slots[connection.slot].takeConnection() else {
            preconditionFailure("\(connection) is not where it was parked")
        }
        return .lend(parked, check)
    }

    /// Puts something down for a waiter.
    ///
    /// - Returns: where the waiter sleeps.
    mutating func put(_ handover: consuming Handover, for id: WaiterID) -> Parking? {
        guard let waiter = waiters[id] else { preconditionFailure("\(id) is queued but has no place to wait") }
        let staysQueued = handover.timeToAskAgain != nil
        let parking = waiter.put(handover)
        if !staysQueued { waiters[id] = nil }
        return parking
    }
}
