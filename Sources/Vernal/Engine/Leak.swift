internal import LibpqIO
internal import Moments
internal import PoolCore

/// A connection that somebody has held for too long.
///
/// An object, because nearly always there is none: where one might be, there is a pointer.
final class Leak: Sendable {
    let connection: ConnectionID
    let heldFor: Duration?
    let borrower: Borrower?
    let lifeline: Lifeline?

    init(_ connection: ConnectionID, heldFor: Duration?, borrower: Borrower?, lifeline: Lifeline?) {
        self.connection = connection
        self.heldFor = heldFor
        self.borrower = borrower
        self.lifeline = lifeline
    }
}

extension ConnectionPool.Shared {
    func leak(_ connection: ConnectionID, now: Moment) -> Leak {
        Leak(
            connection,
            heldFor: state.heldFor(connection, now: now),
            borrower: watch.borrower(of: connection),
            lifeline: watch.lifeline(of: connection)
        )
    }

    /// Whether a borrower holds all the connections that there may be: then it would wait for itself.
    func wouldWaitForItself(_ borrower: Borrower) -> Bool {
        let limit = state.limits.maxOpen
        // Who was lent something once, and who has it now: the first is cheap to ask, and nearly always enough.
        guard borrower.task != 0, watch.leases(of: borrower.task) >= limit else { return false }
        return state.leasesOut.count { watch.borrower(of: $0)?.task == borrower.task } >= limit
    }

    /// Who holds connections, those first who have held theirs for longest.
    func holders(now: Moment, atMost count: Int) -> [(site: CallSite, heldFor: Duration)] {
        let all = state.leasesOut.compactMap { connection -> (site: CallSite, heldFor: Duration)? in
            guard let borrower = watch.borrower(of: connection) else { return nil }
            return (borrower.site, state.heldFor(connection, now: now) ?? .zero)
        }
        return Array(all.sorted { $0.heldFor > $1.heldFor }.prefix(count))
    }
}
