package import Moments

extension PoolState {
    /// The connection that an acquire would be lent without a look at it; `nil` when there is more to do than that.
    ///
    /// Nearly every acquire of a warm process finds one, so it is asked for first.
    package mutating func freshConnection(now: Moment) -> ConnectionID? {
        guard waiters.isEmpty, !isPaused(now), slots.counts.halfOpen == 0, let newest = slots.idle.last,
            slots.entries[newest.slot].isFresh(limits, now: now)
        else { return nil }
        // The oldest may have to be closed.
        guard slots.idle.count == 1 || slots.idle.first.map({ !isOverdue(idle: $0, now: now) }) ?? true else {
            return nil
        }
        return newest
    }

    /// The idle connection that was used last: the one that is lent next, unless it has become too old by then.
    package var newestIdle: ConnectionID? { slots.idle.last }

    /// Lends the connection that `freshConnection` has named in the same moment.
    package mutating func freshLent(_ connection: ConnectionID, now: Moment) {
        counters.acquires += 1
        timings.acquire.recordZero()
        slots.lend(connection, now: now)
    }

    /// The idle connection to lend, with what has to be known of it first, and those that have become too old.
    mutating func takeIdle(
        now: Moment
    ) -> (expired: [ConnectionID], found: (connection: ConnectionID, check: LivenessCheck)?) {
        var expired =
            slots.counts.halfOpen > 0 ? slots.all(in: .halfOpen).filter { isOverdue(halfOpen: $0, now: now) } : []
        for connection in expired { evict(connection, .halfOpen) }
        // Lending takes the newest, so nothing would ever come upon the oldest: they are looked for from the other end.
        while slots.idle.count > 1, let oldest = slots.idle.first, isOverdue(idle: oldest, now: now) {
            evict(oldest, isExpired(oldest, now: now) ? .lifetime : .idle)
            expired.append(oldest)
        }
        while let newest = slots.idle.last {
            guard !isOverdue(idle: newest, now: now) else {
                evict(newest, isExpired(newest, now: now) ? .lifetime : .idle)
                expired.append(newest)
                continue
            }
            let check = livenessCheck(newest, now: now)
            slots.lend(newest, now: now)
            return (expired, (newest, check))
        }
        return (expired, nil)
    }

    /// Whether the life of a connection is over.
    @inline(__always)
    mutating func isExpired(_ connection: ConnectionID, now: Moment) -> Bool {
        guard let expiry = slots.entries[connection.slot].expiry else { return false }
        return expiry <= now
    }

    private mutating func isOverdue(idle connection: ConnectionID, now: Moment) -> Bool {
        isOverdue(connection, age: slots.entries[connection.slot].unusedFor(now: now), now: now)
    }

    private mutating func isOverdue(_ connection: ConnectionID, age: Duration, now: Moment) -> Bool {
        isExpired(connection, now: now) || age > limits.hardIdleLimit
            || (age > limits.idleTimeout && slots.counts.open > limits.minConnections)
    }

    /// A connect that was begun too long ago, or later than now: whoever went on with it would find its time run out.
    private func isOverdue(halfOpen connection: ConnectionID, now: Moment) -> Bool {
        let slot = slots[connection]
        guard let begun = slot.begun, begun <= now else { return true }
        return max(now - begun, slot.frozenFor ?? .zero) > limits.halfOpenLimit
    }

    private mutating func livenessCheck(_ connection: ConnectionID, now: Moment) -> LivenessCheck {
        guard let age = slots.entries[connection.slot].restedFor(now: now) else { return .ping }
        if age < limits.pingBypass { return .none }
        return age > limits.pingIdleAge ? .ping : .look
    }

    /// Why the place of a connection was given up; `nil` when it was not, or is long since another's.
    package func evictionReason(of connection: ConnectionID) -> EvictionReason? {
        guard slots.is(connection, .vacant) else { return nil }
        return slots.entries[connection.slot].evictedBecause
    }

    /// Gives the place of a connection up.
    mutating func evict(_ connection: ConnectionID, _ reason: EvictionReason) {
        counters.evictions.add(reason)
        slots[connection].evictedBecause = reason
        slots.move(connection, to: .vacant)
    }
}
