internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

// Telling those who want to know; never under the lock.

extension ConnectionPool {
    func tellAcquired(_ connection: borrowing PostgresConnection, _ request: AcquireRequest) {
        let (epoch, now) = (connection.epoch, Moment.now)
        events.emit(.acquired) { event in
            event.epoch = epoch
            event.duration = now - request.begun
            event.callSite = request.borrower.site
        }
    }

    func acquireFailed(_ error: VernalError, _ request: AcquireRequest) -> VernalError {
        events.emit(.acquireFailed) { event in
            event.error = error
            event.callSite = request.borrower.site
        }
        lookAround()
        return error
    }

    func tellEvicted(_ connection: ConnectionID, _ reason: EvictionReason?) {
        guard let reason else { return }
        events.emit(.evicted) { event in
            event.epoch = Int(connection.serial)
            event.reason = "\(reason)"
        }
    }

    func tellReturned(_ lease: Leak, wasLeaked: Bool) {
        for kind in wasLeaked ? [.released, .leakWithdrawn] : [EngineEvent.Kind.released] {
            events.emit(kind) { event in
                event.epoch = Int(lease.connection.serial)
                event.duration = lease.heldFor
                event.callSite = lease.borrower?.site
            }
        }
    }

    /// Looks for leases that last too long and for alerts, if it is time for that.
    func lookAround() {
        let now = Moment.now
        let (leaks, changes) = shared.withLock { shared in
            (
                shared.watch.overdueLeases(&shared.state, now: now).map { shared.leak($0, now: now) },
                shared.watch.alertChanges(shared.state, now: now)
            )
        }
        tell(leaks)
        for change in changes {
            events.emit(change.isRaised ? .alertRaised : .alertEnded) { $0.reason = "\(change.alert)" }
        }
    }

    /// Tells of connections that are still out though the invocation is over, and cuts them if that is wanted.
    func invocationEnded() async {
        let leaks = shared.withLock { shared in
            shared.state.leasesOutlivedInvocation().map { shared.leak($0, now: .now) }
        }
        tell(leaks)
        guard configuration.forgottenLeases == .cut else { return }
        for leak in leaks {
            // The server does not look for the end of a connection while it works.
            await leak.lifeline?.cancelStatement(until: .now + configuration.cancelTimeout / 4)
            leak.lifeline?.cut()
        }
    }

    private func tell(_ leaks: [Leak]) {
        for leak in leaks {
            events.emit(.leaked) { event in
                event.epoch = Int(leak.connection.serial)
                event.duration = leak.heldFor
                event.callSite = leak.borrower?.site
            }
        }
    }
}
