internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// Ends the pool: waiters are told at once, idle connections are closed, and those in use are waited for.
    ///
    /// Before the time is over the statements that still run are cancelled, and at its end what is left is cut: the server
    /// is not to go on with work that nobody waits for.
    func shutDown(until deadline: Moment) async {
        await drain(until: deadline)
        await returnTickets()
    }

    private func drain(until deadline: Moment) async {
        var unused = UniqueArray<Closing>()
        let drained = Parking()
        let sleepers = shared.withLock { shared in
            let action = shared.state.shutdownRequested()
            for connection in action.close { unused.append(shared.takeOut(connection)) }
            shared.drainers.append(drained)
            return action.reject.compactMap { shared.put(.reject(.closed), for: $0) }
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
        finish(&unused)
        settle()
        let grace = max(.zero, deadline - .now)
        let end = deadline - min(grace / 10, .milliseconds(100))
        let patience = end - min(grace / 4, configuration.cancelTimeout)
        if await wait(at: drained, until: patience) { return events.finish() }
        for lifeline in lifelinesInUse { await lifeline.cancelStatement(until: end) }
        let afterCancel = Parking()
        shared.withLock { $0.drainers.append(afterCancel) }
        settle()
        if await wait(at: afterCancel, until: end) { return events.finish() }
        // Its user may have gone on with another statement, and the server does not look for the end of a connection while it works.
        for lifeline in lifelinesInUse {
            await lifeline.cancelStatement(until: deadline)
            lifeline.cut()
        }
        events.finish()
    }

    private var lifelinesInUse: [Lifeline] {
        shared.withLock { shared in shared.state.leasesOut.compactMap { shared.watch.lifeline(of: $0) } }
    }

    /// - Returns: whether the pool is empty.
    private func wait(at drained: Parking, until deadline: Moment) async -> Bool {
        _ = await SocketWaiter.shared.sleep(at: drained, until: deadline)
        return shared.withLock { $0.state.isEmpty }
    }

    /// Drops every connection of a process that was restored from a snapshot: their sockets are those of another time.
    func restored() {
        var unused = UniqueArray<Closing>()
        shared.withLock { shared in
            for connection in shared.state.invalidateAll() { unused.append(shared.takeOut(connection)) }
            _ = shared.thawDetector.clocksRead(.now)
        }
        for lifeline in lifelinesInUse { lifeline.cut() }
        finish(&unused)
        events.emit(.invalidated) { $0.reason = "the process was restored" }
        settle()
    }
}
