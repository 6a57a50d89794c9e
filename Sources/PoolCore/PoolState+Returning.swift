package import Moments

extension PoolState {
    /// A borrower gives a connection back.
    package mutating func leaseReturned(
        _ connection: ConnectionID,
        _ state: ReturnedState,
        now: Moment
    ) -> ReturnAction {
        guard slots.is(connection, .leased) else { return .close }
        if let leasedAt = slots.entries[connection.slot].leasedAt { timings.use.record(now - leasedAt) }
        endLease(connection)
        if let reason = reasonToEvict(connection, state, now: now) {
            evict(connection, reason)
            return .close
        }
        if !isPaused(now), let waiter = waiters.first {
            timings.acquire.record(now - leave(waiter, now: now))
            slots.lend(connection, now: now)
            return .hand(to: waiter)
        }
        // A half-open connection is not worth more than a whole one: it does not count as one that is kept.
        guard limits.keepsConnections, slots.counts.open - slots.counts.halfOpen <= limits.size else {
            evict(connection, limits.keepsConnections ? .overflow : .unpooled)
            return .close
        }
        slots.park(connection, now: now, lifeEndsBy: now + limits.maxLifetime)
        return .park
    }

    /// Why a connection that comes back is not to be lent again, to anybody.
    @inline(__always)
    private mutating func reasonToEvict(
        _ connection: ConnectionID,
        _ state: ReturnedState,
        now: Moment
    ) -> EvictionReason? {
        if state == .broken { return .broken }
        if isClosed { return .released }
        if slots.entries[connection.slot].isStale { return .invalidated }
        if isExpired(connection, now: now) { return .lifetime }
        if let maxUses = limits.maxUses, slots.entries[connection.slot].uses >= maxUses { return .maxUses }
        return slots.counts.open > limits.maxOpen ? .overflow : nil
    }

    // MARK: Leaks

    /// The connections that were lent and have not come back, by their slots.
    package var leasesOut: [ConnectionID] { slots.counts.leased == 0 ? [] : slots.all(in: .leased) }

    /// The leases that have lasted for too long.
    ///
    /// Each is reported once.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - threshold: for how long a connection may be kept.
    /// - Returns: their connections, by their slots.
    package mutating func overdueLeases(now: Moment, threshold: Duration) -> [ConnectionID] {
        guard slots.counts.leased > 0 else { return [] }
        let overdue = slots.all(in: .leased).filter { connection in
            let slot = slots[connection]
            guard !slot.isReported, let leasedAt = slot.leasedAt else { return false }
            return now - leasedAt > threshold
        }
        for connection in overdue { slots[connection].isReported = true }
        counters.leaks += overdue.count
        return overdue
    }

    /// Nobody should hold a connection now, because the invocation is over: whoever does has forgotten it.
    ///
    /// What is still out is closed when it comes back: who knows what has become of it by then.
    ///
    /// - Returns: the connections that are out and were not reported yet, by their slots.
    package mutating func leasesOutlivedInvocation() -> [ConnectionID] {
        let forgotten = leasesOut.filter { !slots[$0].isReported }
        for connection in leasesOut { slots.makeStale(connection) }
        for connection in forgotten { slots[connection].isReported = true }
        counters.leaks += forgotten.count
        return forgotten
    }

    /// For how long a connection has been lent; `nil` when it is not.
    package func heldFor(_ connection: ConnectionID, now: Moment) -> Duration? {
        slots.heldFor(connection, now: now)
    }

    /// Whether the present lease of a connection was reported for lasting too long.
    package mutating func wasReported(_ connection: ConnectionID) -> Bool {
        slots.is(connection, .leased) && slots.entries[connection.slot].isReported
    }

    /// A lease that was reported ends after all.
    mutating func endLease(_ connection: ConnectionID) {
        if slots.entries[connection.slot].isReported { counters.leaksWithdrawn += 1 }
    }
}
