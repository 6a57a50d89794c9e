package import Moments

extension PoolState {
    // MARK: Invalidating

    /// Every connection that is open or being opened is to be replaced, as after a change of the password.
    ///
    /// Those that somebody uses or makes are closed when they come back; nobody else gets them.
    ///
    /// - Returns: the connections to close now: nobody uses them.
    package mutating func invalidateAll() -> [ConnectionID] {
        counters.invalidations += 1
        slots.makeStale()
        return evictUnused(.invalidated)
    }

    /// A borrower met an error that ends more than its own connection, as a restart or a failover of the server does.
    ///
    /// All that was open or being opened at that moment is suspect, and is replaced. When several borrowers meet the
    /// same restart, only the first word counts: what was opened after it is not suspect.
    ///
    /// - Returns: the connections to close now. The lost one itself comes back by `leaseReturned`.
    package mutating func connectionLost(_ connection: ConnectionID) -> [ConnectionID] {
        guard slots.is(connection, .leased), !slots[connection].isStale else { return [] }
        return invalidateAll()
    }

    // MARK: Resizing

    /// The pool is to have another size.
    ///
    /// Those that are in use beyond the new limit are closed when they come back. If it grows, `nextWake` lets waiters open
    /// connections, and `slotCapacity` may grow.
    ///
    /// - Returns: the connections to close now.
    package mutating func resize(size: Int, maxOverflow: Int) -> [ConnectionID] {
        guard !isClosed else { return [] }
        limits.size = size
        limits.maxOverflow = maxOverflow
        slots.grow(to: limits.maxOpen)
        if limits.connectBurstFollowsLimit {
            limits.connectBurst = limits.maxOpen
            throttle.resize(burst: limits.maxOpen)
        }
        // There may be a token or a place sooner than the first in the queue was told.
        informedWaiter = nil
        var surplus: [ConnectionID] = []
        while slots.counts.open > limits.maxOpen, let halfOpen = slots.firstHalfOpen() {
            evict(halfOpen, .overflow)
            surplus.append(halfOpen)
        }
        while slots.counts.open - slots.counts.halfOpen > limits.size, let oldest = slots.idle.first {
            evict(oldest, .overflow)
            surplus.append(oldest)
        }
        return surplus
    }

    // MARK: Pausing

    /// Nothing is to be lent or opened until that time, as during a failover.
    ///
    /// Whoever wants a connection waits in the queue. A connect that is under way goes on, and its task has the connection.
    ///
    /// - Parameters:
    ///   - now: the time. A clock that is set back before it ends the pause.
    ///   - until: when the pause ends by itself. The first in the queue is told so by `nextWake`.
    package mutating func pauseRequested(now: Moment, until: Moment) {
        pause = Pause(from: now, until: until)
        informedWaiter = nil
    }

    /// A pause is to end now: `nextWake` serves those who waited for it.
    package mutating func resumeRequested() {
        pause = nil
        informedWaiter = nil
    }

    /// When the present pause ends, if there is one.
    package func pauseEnd(now: Moment) -> Moment? {
        guard let pause, pause.includes(now) else { return nil }
        return pause.until
    }

    mutating func isPaused(_ now: Moment) -> Bool { pause?.includes(now) ?? false }

    // MARK: Ending

    /// The process ran on after a time in which it may have been frozen.
    ///
    /// - Parameter gap: for how long nothing ran, by whatever clock saw it. Connections that nobody used have been
    ///   idle for at least that long, even if the clock that the pool is told of stood still.
    package mutating func processThawed(gap: Duration) {
        slots.noteFreeze(of: gap)
    }

    /// The process may be frozen, and is not to hold what it does not use.
    ///
    /// - Returns: the connections to close.
    package mutating func releaseIdle() -> [ConnectionID] {
        evictUnused(.released)
    }

    /// The pool is to end: nothing is lent any more.
    package mutating func shutdownRequested() -> ShutdownAction {
        isClosed = true
        return ShutdownAction(close: releaseIdle(), reject: rejectWaiters())
    }

    private mutating func evictUnused(_ reason: EvictionReason) -> [ConnectionID] {
        let unused = slots.all(in: .idle) + slots.all(in: .halfOpen)
        for connection in unused { evict(connection, reason) }
        return unused
    }
}
