package import Moments

extension PoolState {
    /// A connect was made.
    ///
    /// The task that made it borrows the connection, even if it was called stale meanwhile or the pool has become too
    /// small for it: the server has just answered it, and another connect would spend the task's time. Then it is closed
    /// when it comes back.
    ///
    /// - Parameters:
    ///   - permit: the permit by which it was made.
    ///   - now: the time, from which the connection's life is counted.
    ///   - jitter: a random number from 0 up to 1, for the length of that life.
    ///   - isUse: whether it counts for the number of times that the connection may be lent: not if it is made before
    ///     anybody needs it, and comes back at once.
    /// - Returns: what becomes of the connection. One connect fewer is under way, and it may have closed the circuit
    ///   breaker, so there may be more for those who wait: `nextWake` has to be asked.
    package mutating func connectSucceeded(
        _ permit: consuming ConnectPermit,
        now: Moment,
        jitter: Double,
        isUse: Bool = true
    ) -> ConnectedAction {
        let connection = permit.connection
        permit.redeem()
        closeBreaker()
        if let begun = slots[connection].begun { timings.connect.record(now - begun) }
        if isClosed {
            evict(connection, .released)
            return .close
        }
        if isUse, let askedAt = slots[connection].askedAt { timings.acquire.record(now - askedAt) }
        slots.lend(connection, now: now, isUse: isUse)
        slots[connection].expiry = now + limits.maxLifetime * (1 - limits.lifetimeJitter * jitter)
        return .lend
    }

    /// Somebody makes connections before they are needed.
    ///
    /// - Returns: the permit for one more, or `nil` when as many as `minConnections` are open or there may be none now.
    ///   Those who wait come first. The permit is given back as any other.
    package mutating func fillRequested(now: Moment) -> ConnectPermit? {
        guard !isClosed, limits.keepsConnections, waiters.isEmpty, pauseEnd(now: now) == nil,
            slots.counts.open < min(limits.minConnections, limits.size),
            breaker?.heldUntil(now: now) == nil,
            let connection = vacancy, takeToken(now: now) == nil
        else { return nil }
        return permit(connection, askedAt: nil, now: now)
    }

    /// A connect failed.
    ///
    /// - Parameters:
    ///   - permit: the permit by which it was tried.
    ///   - isDefinite: whether another try would fail in the same way, as with a wrong password. Then those who wait
    ///     are told at once, instead of each finding out for itself.
    ///   - isOverload: whether the server has no slot left, or was asked too often. Then what was saved up in the
    ///     throttle is lost.
    ///   - now: the time.
    ///   - jitter: a random number from 0 up to 1, for the time for which the circuit breaker opens.
    /// - Returns: the waiters to reject. If the breaker opens, `nextWake` rejects those who have no chance.
    package mutating func connectFailed(
        _ permit: consuming ConnectPermit,
        isDefinite: Bool,
        isOverload: Bool = false,
        now: Moment,
        jitter: Double
    ) -> [WaiterID] {
        if isOverload {
            throttle.empty(at: now)
            counters.overloads += 1
        }
        let isProbe = slots[permit.connection].isProbe
        if !isDefinite {
            if breaker?.connectFailed(isProbe: isProbe, now: now, jitter: jitter) == true {
                counters.breakerOpenings += 1
                informedWaiter = nil
            }
        } else if isProbe {
            // The server answered, and will tell the next one the same at once.
            closeBreaker()
        }
        return connectFailed(permit, isDefinite: isDefinite)
    }

    /// A connect failed, and the circuit breaker is not to hear of it.
    package mutating func connectFailed(_ permit: consuming ConnectPermit, isDefinite: Bool) -> [WaiterID] {
        let connection = permit.connection
        permit.redeem()
        leaveProbe(connection)
        counters.connectFailures += 1
        slots.move(connection, to: .vacant)
        // A connection that is in use will come back to somebody, whatever the server says to new ones; until then
        // the throttle bounds how many of the others find out for themselves.
        return isDefinite && slots.counts.leased == 0 ? rejectWaiters() : []
    }

    /// A task had to stop in the middle of a connect, which can be gone on with.
    package mutating func connectInterrupted(_ permit: consuming ConnectPermit) -> InterruptedAction {
        let connection = permit.connection
        permit.redeem()
        leaveProbe(connection)
        if isClosed {
            evict(connection, .released)
        } else if slots[connection].isStale {
            evict(connection, .invalidated)
        } else if slots.counts.open > limits.maxOpen {
            evict(connection, .overflow)
        } else {
            slots.move(connection, to: .halfOpen)
            return .keep
        }
        return .close
    }

    /// Whether the circuit breaker keeps connects from being made.
    package var isBreakerOpen: Bool { breaker.map { !$0.isClosed } ?? false }

    /// How often the circuit breaker opened.
    package var breakerOpenings: Int { counters.breakerOpenings }

    private mutating func closeBreaker() {
        let wasOpen = isBreakerOpen
        breaker?.connectSucceeded()
        if limits.breakerThreshold == nil { breaker = nil }
        guard wasOpen else { return }
        slots.forgetProbes()
        // Whoever was told when to ask for a probe need not wait for it.
        informedWaiter = nil
    }

    private mutating func leaveProbe(_ connection: ConnectionID) {
        guard slots[connection].isProbe else { return }
        slots[connection].isProbe = false
        // A connect that failed as the probe has opened the breaker again by now, and then this changes nothing.
        breaker?.probeWasLeft()
        informedWaiter = nil
    }
}
