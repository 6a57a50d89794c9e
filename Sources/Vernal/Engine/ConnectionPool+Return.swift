internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// Lends a connection for as long as a closure runs, and takes it back however that ends.
    func lend<R>(
        _ connection: consuming PostgresConnection,
        to body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        var connection = connection
        do {
            let result = try await body(&connection)
            await release(connection)
            return result
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Takes a connection back from its borrower.
    ///
    /// A session between transactions costs no round trip. An open transaction is rolled back within a bound,
    /// whether or not the task was cancelled; anything else is closed.
    func release(_ connection: consuming PostgresConnection) async {
        switch connection.link.transactionStatus {
        case .idle:
            giveBack(connection, .reusable)
        case .inTransaction, .inFailedTransaction:
            let isClean = await connection.rollBack()
            giveBack(connection, isClean ? .reusable : .broken)
        case .active, .unknown:
            if connection.wasEndedByServer { invalidateOthers(than: connection.id) }
            giveBack(connection, .broken)
        }
    }

    /// A server that ends one connection by a restart or a failover has ended the others, too: nobody is to find that out
    /// for himself.
    private func invalidateOthers(than connection: ConnectionID) {
        close { $0.connectionLost(connection) }
    }

    /// Closes the connections that an event names, all of which nobody uses.
    func close(_ event: (inout PoolState) -> [ConnectionID]) {
        var unused: [PoolSlot] = []
        shared.withLock { shared in
            for connection in event(&shared.state) { unused.append(shared.takeSlot(connection)) }
            while shared.slots.count < shared.state.slotCapacity { shared.slots.append(PoolSlot()) }
        }
        for slot in unused { slot.clear() }
        settle()
    }

    func giveBack(_ connection: consuming PostgresConnection, _ returned: ReturnedState) {
        let id = connection.id
        var connection = Optional(connection)
        // A broken connection is closed first, so that its successor is not one too many at the server.
        if returned == .broken { connection = nil }
        place(connection.take(), id) { $0.leaseReturned(id, returned, now: .now) }
    }

    /// Puts a connection where the state wants it: into its slot, into somebody's hands, or away.
    func place(
        _ connection: consuming PostgresConnection?,
        _ id: ConnectionID,
        _ event: (inout PoolState) -> ReturnAction
    ) {
        var connection = connection
        let (sleeper, mustSettle) = shared.withLock { shared -> (Parking?, Bool) in
            switch event(&shared.state) {
            case .park:
                if let connection = connection.take() { shared.slots[id.slot].park(connection) }
                return (nil, false)
            case .hand(let waiter):
                if let connection = connection.take() { shared.slots[id.slot].park(connection) }
                return (shared.put(.lend(id, .none), for: waiter), true)
            case .close:
                return (nil, true)
            }
        }
        sleeper?.wake(.ready)
        connection = nil
        if mustSettle { settle() }
    }

    /// Ends the pool: waiters are told at once, idle connections are closed, and those in use are waited for.
    func shutDown(until deadline: Moment) async {
        var unused: [PoolSlot] = []
        let drained = Parking()
        let sleepers = shared.withLock { shared in
            let action = shared.state.shutdownRequested()
            for connection in action.close { unused.append(shared.takeSlot(connection)) }
            shared.drainers.append(drained)
            return action.reject.compactMap { shared.put(.reject(.closed), for: $0) }
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
        for slot in unused { slot.clear() }
        settle()
        _ = await SocketWaiter.shared.sleep(at: drained, until: deadline)
        await returnTickets()
    }
}
