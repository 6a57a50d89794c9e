internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// Lends a connection for as long as a closure runs, and takes it back however that ends.
    @inline(__always)
    func lend<R>(
        _ connection: consuming BoxedConnection,
        to body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(&connection.value)
            // Nearly always; not worth a call that may suspend.
            if hooks.reset == nil, connection.value.isClean {
                giveBack(connection, .reusable)
            } else {
                await release(connection)
            }
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
    func release(_ connection: consuming BoxedConnection) async {
        switch connection.value.link.transactionStatus {
        case .idle: break
        case .inTransaction, .inFailedTransaction:
            guard await connection.value.rollBack() else { return giveBack(connection, .broken) }
        case .active, .unknown:
            if connection.value.isSuspect { invalidateOthers(than: connection.value.id) }
            return giveBack(connection, .broken)
        }
        if connection.value.isSuspect {
            invalidateOthers(than: connection.value.id)
            return giveBack(connection, .broken)
        }
        giveBack(connection, await clean(&connection.value) ? .reusable : .broken)
    }

    /// Has the session cleaned for the next caller, if it needs that.
    ///
    /// - Returns: whether the connection can be lent again.
    private func clean(_ connection: inout PostgresConnection) async -> Bool {
        var commands: String?
        if let reset = hooks.reset {
            guard await connection.clean(with: reset) else { return false }
        } else if let needed = connection.resetCommands {
            // Behind a pooler the session is not ours to clean. Of what may be one, and may be none, a new connection is clean.
            if !connection.upstream.allowsReset, connection.upstream.takesProbe() { await connection.probe() }
            guard connection.upstream.allowsReset else { return connection.upstream.sharesSessions }
            connection.willReset(needed, configuresAgain: hooks.configure != nil)
            commands = needed
        }
        let idleTimeout = await connection.idleTimeoutCommand()
        guard connection.sendReset(commands, idleTimeout) else { return false }
        if idleTimeout != nil, let longest = connectionRules.idleSession?.longestIdle {
            // What has rested for longer the server has ended, or will before anything arrives.
            shared.withLock { $0.state.capLives(idle: longest, life: nil) }
        }
        guard hooks.reset != nil || commands != nil else { return true }
        shared.withLock { $0.resets += 1 }
        let epoch = connection.epoch
        events.emit(.reset) { $0.epoch = epoch }
        return true
    }

    /// A server that ends one connection by a restart or a failover has ended the others, too: nobody is to find that out
    /// for himself.
    private func invalidateOthers(than connection: ConnectionID) {
        close { $0.connectionLost(connection) }
        events.emit(.invalidated) { $0.reason = "the server ended a connection" }
    }

    /// Closes the connections that an event names, all of which nobody uses.
    func close(_ event: (inout PoolState) -> [ConnectionID]) {
        var unused = UniqueArray<Closing>()
        shared.withLock { shared in
            for connection in event(&shared.state) { unused.append(shared.takeOut(connection)) }
            // The pool may have been made larger.
            shared.growSlots()
        }
        finish(&unused)
        settle()
    }

    /// Puts a connection where the state wants it: into its place, into somebody's hands, or away.
    func giveBack(_ connection: consuming BoxedConnection, _ returned: ReturnedState) {
        let id = connection.value.id
        var connection = Optional(connection)
        // A broken connection is closed first, so that its successor is not one too many at the server.
        if case .broken = returned { connection = nil }
        let now = Moment.now
        let isObserved = events.isObserved
        var lease: Leak?
        var wasLeaked = false
        var sleeper: Parking?
        var reason: EvictionReason?
        let (mustSettle, isTimeToLook) = shared.withLock { shared in
            wasLeaked = shared.state.wasReported(id)
            if isObserved || wasLeaked { lease = shared.leak(id, now: now) }
            shared.watch.returned(id.slot)
            let isTimeToLook = shared.watch.isDue(now)
            switch shared.state.leaseReturned(id, returned, now: now) {
            case .park:
                shared.slots[id.slot].park(&connection)
                return (false, isTimeToLook)
            case .hand(let waiter):
                shared.slots[id.slot].park(&connection)
                sleeper = shared.put(.lend(id, .none), for: waiter)
                return (shared.state.mayServeMore, isTimeToLook)
            case .close:
                reason = shared.state.evictionReason(of: id)
            }
            return (true, isTimeToLook)
        }
        sleeper?.wake(.ready)
        connection = nil
        if let lease { tellReturned(lease, wasLeaked: wasLeaked) }
        tellEvicted(id, reason)
        if mustSettle { settle() }
        if isTimeToLook { lookAround() }
    }
}
