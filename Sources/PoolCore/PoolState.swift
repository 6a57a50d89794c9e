package import Moments

/// All that a pool knows and decides: a value.
///
/// Events go in, one action comes out.
///
/// It does no I/O, takes no lock, reads no clock and rolls no dice; it names connections and waiters but holds none. The
/// shell tells it what happened, under a lock, and does what it says, with the lock released.
///
/// What is asked at every lease is `mutating` and changes nothing: a value of this size would be copied for each such question.
package struct PoolState: Sendable, Hashable {
    /// A time in which nothing is lent and nothing opened.
    struct Pause: Sendable, Hashable {
        let from: Moment
        let until: Moment

        func includes(_ now: Moment) -> Bool { from <= now && now < until }
    }

    package internal(set) var limits: PoolLimits
    var slots: SlotTable
    var waiters = WaiterQueue()
    /// The first in the queue, when it knows for which time to ask again.
    var informedWaiter: WaiterID?
    var throttle: ConnectThrottle
    var breaker: CircuitBreaker?
    var pause: Pause?
    var counters = PoolCounters()
    package internal(set) var timings = PoolTimings()
    package internal(set) var isClosed = false

    package init(_ limits: PoolLimits) {
        self.limits = limits
        slots = SlotTable(capacity: limits.maxOpen)
        throttle = ConnectThrottle(
            burst: limits.connectBurst,
            rate: limits.connectRate,
            startLevel: limits.connectStartLevel
        )
        breaker = limits.breakerThreshold.map { CircuitBreaker(threshold: $0, probeLimit: limits.halfOpenLimit) }
    }

    package var snapshot: PoolSnapshot {
        PoolSnapshot(
            counts: slots.counts,
            waiting: waiters.count,
            size: limits.size,
            maxOpen: limits.maxOpen,
            stale: slots.stale,
            counters: counters,
            timings: timings
        )
    }

    /// How many slots connections may name: it grows when the pool is resized, and never shrinks.
    package var slotCapacity: Int { slots.capacity }

    /// Whether a connection is open or being opened.
    package func holds(_ connection: ConnectionID) -> Bool { slots.holds(connection) }

    /// Whether every connection is closed.
    package var isEmpty: Bool { slots.counts.open == 0 }

    // MARK: Acquiring

    /// Somebody wants a connection.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - deadline: until when it is worth anything to the caller.
    ///   - isRetry: whether the caller has failed before and tries again: it was counted then.
    /// - Returns: what the caller does next. It frees no place for others, so nobody has to be woken.
    package mutating func acquireRequested(
        now: Moment,
        deadline: Moment,
        isRetry: Bool = false
    ) -> AcquireDecision {
        if !isRetry { counters.acquires += 1 }
        // After a pause, those who waited for its end come before those who come then.
        guard waiters.isEmpty, !isPaused(now) else {
            return AcquireDecision(action: openOrWait(now: now, deadline: deadline, atFront: false))
        }
        let (expired, found) = takeIdle(now: now)
        if let found {
            timings.acquire.recordZero()
            return AcquireDecision(close: expired, action: .lend(found.connection, found.check))
        }
        // Those who wait already come first: there is a place for a connection, but perhaps no token for it.
        return AcquireDecision(
            close: expired,
            action: openOrWait(now: now, deadline: deadline, atFront: false)
        )
    }

    /// Somebody wants a connection if there is one to be had at once, and would not wait for it.
    ///
    /// - Returns: what the caller does next, never to wait. It does not go past those who wait.
    package mutating func tryAcquireRequested(now: Moment) -> AcquireDecision {
        counters.acquires += 1
        if isClosed { return AcquireDecision(action: rejection(.closed)) }
        guard waiters.isEmpty, !isPaused(now) else { return AcquireDecision(action: miss()) }
        let (expired, found) = takeIdle(now: now)
        if let found {
            timings.acquire.recordZero()
            return AcquireDecision(close: expired, action: .lend(found.connection, found.check))
        }
        if let held = breaker?.heldUntil(now: now) {
            return AcquireDecision(
                close: expired,
                action: mayBeServed ? miss() : rejection(.breakerOpen(until: held))
            )
        }
        if let halfOpen = slots.firstHalfOpen() {
            return AcquireDecision(close: expired, action: .resume(resumption(halfOpen, askedAt: now, now: now)))
        }
        guard let connection = vacancy, takeToken(now: now) == nil else {
            return AcquireDecision(close: expired, action: miss())
        }
        return AcquireDecision(close: expired, action: .open(permit(connection, askedAt: now, now: now)))
    }

    /// A connection that was lent turned out to be dead before it was used.
    ///
    /// Its borrower tries again, and does not go to the end of the queue for it. If it is refused, the place of the dead
    /// connection is free for others: `nextWake` has to be asked.
    package mutating func foundDead(
        _ connection: ConnectionID,
        now: Moment,
        deadline: Moment
    ) -> AcquireDecision {
        guard slots.is(connection, .leased) else { return AcquireDecision(action: .reject(.closed)) }
        endLease(connection)
        evict(connection, .broken)
        guard !isPaused(now) else {
            return AcquireDecision(action: openOrWait(now: now, deadline: deadline, atFront: true))
        }
        let (expired, found) = takeIdle(now: now)
        if let found {
            return AcquireDecision(close: expired, action: .lend(found.connection, found.check))
        }
        return AcquireDecision(close: expired, action: openOrWait(now: now, deadline: deadline, atFront: true))
    }

    /// Somebody wants a connection who holds all that there may be, so that the wait would never end.
    package mutating func nestedAcquireRequested() -> AcquireDecision {
        counters.acquires += 1
        return AcquireDecision(action: rejection(.heldByCaller))
    }

    private mutating func openOrWait(
        now: Moment,
        deadline: Moment,
        atFront: Bool
    ) -> AcquireAction {
        if isClosed { return rejection(.closed) }
        var askAgain: Moment?
        let isFirst = atFront || waiters.isEmpty
        if let end = pauseEnd(now: now) {
            if isFirst { askAgain = end }
        } else if let held = breaker?.heldUntil(now: now) {
            // Whoever has a connection will give it back; but if nobody has, waiting is of no use.
            guard mayBeServed else { return rejection(.breakerOpen(until: held)) }
            if isFirst, hasRoom { askAgain = held }
        } else if isFirst {
            if let halfOpen = slots.firstHalfOpen() { return .resume(resumption(halfOpen, askedAt: now, now: now)) }
            if let connection = vacancy {
                askAgain = takeToken(now: now)
                guard let askAgain else { return .open(permit(connection, askedAt: now, now: now)) }
                if askAgain > deadline, !mayBeServed { return rejection(.throttled(until: askAgain)) }
            }
        }
        if !atFront, waiters.count >= limits.maxWaiters { return rejection(.tooManyWaiters) }
        counters.waits += 1
        let waiter = waiters.enqueue(at: now, deadline: deadline, atFront: atFront)
        if askAgain != nil { informedWaiter = waiter }
        return .wait(waiter, askAgain: askAgain)
    }

    private mutating func rejection(_ reason: PoolRejection) -> AcquireAction {
        counters.rejections += 1
        return .reject(reason)
    }

    private mutating func miss() -> AcquireAction {
        counters.misses += 1
        return .reject(.wouldWait)
    }

    // MARK: What may be opened

    /// Whether a connection may come to those who wait without another connect being begun.
    var mayBeServed: Bool { slots.counts.open > slots.counts.halfOpen }

    /// Whether a connect could be begun or gone on with, if nothing else forbade it.
    var hasRoom: Bool { slots.counts.open < limits.maxOpen || slots.counts.halfOpen > 0 }

    /// The connection that may be opened next, if there is a place for it and not too many connects are under way.
    var vacancy: ConnectionID? {
        if let most = limits.connectConcurrency, slots.counts.connecting >= max(1, most) { return nil }
        return slots.firstVacant(limit: limits.maxOpen)
    }

    mutating func takeToken(now: Moment) -> Moment? {
        guard let time = throttle.take(at: now) else { return nil }
        counters.throttled += 1
        return time
    }

    /// A permit for a connect.
    ///
    /// - Parameters:
    ///   - connection: the connection to be made.
    ///   - askedAt: since when its borrower has wanted one; `nil` when it has no borrower yet.
    ///   - now: the time.
    /// - Returns: the permit.
    mutating func permit(_ connection: ConnectionID, askedAt: Moment?, now: Moment) -> ConnectPermit {
        counters.connects += 1
        slots.move(connection, to: .opening)
        slots[connection].begun = now
        slots[connection].askedAt = askedAt
        noteConnectBegan(connection, now: now)
        return ConnectPermit(connection)
    }

    mutating func resumption(_ halfOpen: ConnectionID, askedAt: Moment, now: Moment) -> ConnectPermit {
        slots.move(halfOpen, to: .opening)
        slots[halfOpen].askedAt = askedAt
        noteConnectBegan(halfOpen, now: now)
        return ConnectPermit(halfOpen)
    }

    private mutating func noteConnectBegan(_ connection: ConnectionID, now: Moment) {
        guard breaker != nil else { return }
        slots[connection].isProbe = breaker?.connectBegan(now: now) ?? false
    }
}
