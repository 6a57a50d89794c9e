internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// Asks whoever decides for the whole fleet, if there is anybody.
    ///
    /// - Returns: why the connect may not be made; `nil` when it may.
    func askForAdmission(_ connection: ConnectionID, until deadline: Moment) async -> GaveUp? {
        guard let gate else { return nil }
        await returnTickets()
        // A connect that is begun anew because of what the first answer taught has its place already.
        guard shared.withLock({ $0.tickets[connection] }) == nil else { return nil }
        switch await gate.admit(until: deadline) {
        case .proceed(let ticket):
            shared.withLock { $0.tickets[connection] = ticket }
            return nil
        case .tooLate:
            return .timedOut
        case .cancelled(let ticket):
            // It is given back with the next question: this connection is never opened.
            shared.withLock { $0.tickets[connection] = ticket }
            return .cancelled
        }
    }

    /// Gives back the tickets of connections that are closed by now.
    ///
    /// Closing is done in places that cannot wait, so it is looked after where something is waited for anyway.
    func returnTickets() async {
        guard let gate else { return }
        let closed = shared.withLock { shared -> [ConnectTicket] in
            let gone = shared.tickets.filter { !shared.state.holds($0.key) }
            for connection in gone.keys { shared.tickets[connection] = nil }
            return Array(gone.values)
        }
        await gate.close(closed)
    }

    /// The error of a connect that whoever decides for the fleet did not admit in time.
    func notAdmitted(
        _ reason: GaveUp,
        _ permit: consuming ConnectPermit,
        _ borrower: Borrower
    ) -> VernalError {
        shared.withLock(giving: permit) { shared, permit in
            _ = shared.state.connectFailed(permit, isDefinite: false)
        }
        settle()
        return reason == .cancelled ? gaveUp(.cancelled, .connectThrottle) : rejected(.notAdmitted, borrower)
    }
}
