package import Moments

/// All that a pool knows and decides: a value.
///
/// Events go in, one action comes out.
///
/// It does no I/O, takes no lock, reads no clock and rolls no dice; it names connections and waiters but holds none. The
/// shell tells it what happened, under a lock, and does what it says, with the lock released.
package struct PoolState: Sendable, Hashable {
    package let limits: PoolLimits
    var slots: SlotTable
    var waiters = WaiterQueue()
    /// The first in the queue, when it knows for which time to ask again.
    private var informedWaiter: WaiterID?
    var throttle: ConnectThrottle
    var counters = PoolCounters()
    package private(set) var isClosed = false

    package init(_ limits: PoolLimits) {
        self.limits = limits
        slots = SlotTable(capacity: limits.maxOpen)
        throttle = ConnectThrottle(burst: limits.connectBurst, rate: limits.connectRate)
    }

    package var snapshot: PoolSnapshot {
        PoolSnapshot(counts: slots.counts, waiting: waiters.count, maxOpen: limits.maxOpen, counters: counters)
    }

    // MARK: Acquiring

    /// Somebody wants a connection.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - deadline: until when it is worth anything to the caller.
    /// - Returns: what the caller does next. It frees no place for others, so nobody has to be woken.
    package mutating func acquireRequested(
        now: Moment,
        deadline: Moment
    ) -> AcquireDecision {
        counters.acquires += 1
        let (expired, found) = takeIdle(now: now)
        if let found {
            return AcquireDecision(close: expired, action: .lend(found.connection, found.check))
        }
        // Those who wait already come first: there is a place for a connection, but perhaps no token for it.
        return AcquireDecision(
            close: expired,
            action: openOrWait(now: now, deadline: deadline, atFront: false)
        )
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
        counters.losses += 1
        slots.move(connection, to: .vacant)
        let (expired, found) = takeIdle(now: now)
        if let found {
            return AcquireDecision(close: expired, action: .lend(found.connection, found.check))
        }
        return AcquireDecision(close: expired, action: openOrWait(now: now, deadline: deadline, atFront: true))
    }

    /// The time has come for which a waiter was told to ask again.
    ///
    /// - Returns: `nil` when the waiter has been handed something meanwhile, which it will find.
    package mutating func askedAgain(_ waiter: WaiterID, now: Moment) -> AcquireAction? {
        guard waiters.contains(waiter) else { return nil }
        guard waiters.first == waiter else { return .wait(waiter, askAgain: nil) }
        if let halfOpen = slots.firstHalfOpen() {
            waiters.remove(waiter)
            return .resume(resumption(halfOpen))
        }
        guard let connection = slots.firstVacant() else { return .wait(waiter, askAgain: nil) }
        if let token = throttle.take(at: now) {
            informedWaiter = waiter
            return .wait(waiter, askAgain: token)
        }
        waiters.remove(waiter)
        return .open(permit(connection, now: now))
    }

    private mutating func openOrWait(
        now: Moment,
        deadline: Moment,
        atFront: Bool
    ) -> AcquireAction {
        if isClosed { return rejection(.closed) }
        var askAgain: Moment?
        if atFront || waiters.isEmpty {
            if let halfOpen = slots.firstHalfOpen() { return .resume(resumption(halfOpen)) }
            if let connection = slots.firstVacant() {
                askAgain = throttle.take(at: now)
                guard let askAgain else { return .open(permit(connection, now: now)) }
                if askAgain > deadline, slots.counts.open == 0 { return rejection(.throttled(until: askAgain)) }
            }
        }
        if !atFront, waiters.count >= limits.maxWaiters { return rejection(.tooManyWaiters) }
        counters.waits += 1
        let waiter = waiters.enqueue(atFront: atFront)
        if askAgain != nil { informedWaiter = waiter }
        return .wait(waiter, askAgain: askAgain)
    }

    private mutating func rejection(_ reason: PoolRejection) -> AcquireAction {
        counters.rejections += 1
        return .reject(reason)
    }

    private mutating func permit(_ connection: ConnectionID, now: Moment) -> ConnectPermit {
        counters.connects += 1
        slots.move(connection, to: .opening)
        slots[connection].begun = now
        return ConnectPermit(connection)
    }

    private mutating func resumption(_ halfOpen: ConnectionID) -> ConnectPermit {
        slots.move(halfOpen, to: .opening)
        return ConnectPermit(halfOpen)
    }

    // MARK: Waiting

    /// Why a waiter leaves the queue by itself.
    package enum Leaving: Sendable, Hashable {
        case timedOut, cancelled
    }

    /// A waiter gives up.
    ///
    /// - Returns: `false` when it has been handed something meanwhile, which it has to give back.
    package mutating func waiterLeft(_ waiter: WaiterID, because reason: Leaving) -> Bool {
        guard waiters.remove(waiter) else { return false }
        switch reason {
        case .timedOut: counters.waitTimeouts += 1
        case .cancelled: counters.waitCancellations += 1
        }
        return true
    }

    /// Whom to wake because there is a place for a connection.
    ///
    /// A place becomes free, or the first in the queue changes, in many ways; so the shell asks after each event until
    /// there is nobody to wake. The first in the queue is never left waiting beside a free place without a time
    /// at which it asks again.
    package mutating func nextWake(now: Moment) -> Wake? {
        guard let waiter = waiters.first else { return nil }
        if let halfOpen = slots.firstHalfOpen() {
            waiters.remove(waiter)
            return Wake(waiter: waiter, handover: .resume(resumption(halfOpen)))
        }
        guard let connection = slots.firstVacant(), informedWaiter != waiter else { return nil }
        if let token = throttle.take(at: now) {
            informedWaiter = waiter
            return Wake(waiter: waiter, handover: .askAgain(at: token))
        }
        waiters.remove(waiter)
        return Wake(waiter: waiter, handover: .open(permit(connection, now: now)))
    }

    // MARK: Connecting

    /// A connect was made.
    ///
    /// The task that made it borrows the connection.
    ///
    /// - Parameters:
    ///   - permit: the permit by which it was made.
    ///   - now: the time, from which the connection's life is counted.
    ///   - jitter: a random number from 0 up to 1, for the length of that life.
    /// - Returns: what becomes of the connection.
    package mutating func connectSucceeded(
        _ permit: consuming ConnectPermit,
        now: Moment,
        jitter: Double
    ) -> ConnectedAction {
        let connection = permit.connection
        permit.redeem()
        if isClosed {
            slots.move(connection, to: .vacant)
            return .close
        }
        slots.move(connection, to: .leased)
        slots[connection].expiry = now + limits.maxLifetime * (1 - limits.lifetimeJitter * jitter)
        return .lend
    }

    /// A connect failed.
    ///
    /// - Parameters:
    ///   - permit: the permit by which it was tried.
    ///   - isDefinite: whether another try would fail in the same way, as with a wrong password. Then those who wait
    ///     are told at once, instead of each finding out for itself.
    /// - Returns: the waiters to reject.
    package mutating func connectFailed(_ permit: consuming ConnectPermit, isDefinite: Bool) -> [WaiterID] {
        counters.connectFailures += 1
        slots.move(permit.connection, to: .vacant)
        permit.redeem()
        // A connection that is in use will come back to somebody, whatever the server says to new ones; until then
        // the throttle bounds how many of the others find out for themselves.
        return isDefinite && slots.counts.leased == 0 ? rejectWaiters() : []
    }

    /// A task had to stop in the middle of a connect, which can be gone on with.
    package mutating func connectInterrupted(_ permit: consuming ConnectPermit) -> InterruptedAction {
        let connection = permit.connection
        permit.redeem()
        if isClosed {
            slots.move(connection, to: .vacant)
            return .close
        }
        slots.move(connection, to: .halfOpen)
        return .keep
    }

    // MARK: Returning

    /// A borrower gives a connection back.
    package mutating func leaseReturned(
        _ connection: ConnectionID,
        _ state: ReturnedState,
        now: Moment
    ) -> ReturnAction {
        guard slots.is(connection, .leased) else { return .close }
        if state == .reusable, !isClosed, !isExpired(connection, now: now) {
            if let waiter = waiters.dequeue() { return .hand(to: waiter) }
            // A half-open connection is not worth more than a whole one: it does not count as one that is kept.
            if slots.counts.open - slots.counts.halfOpen <= limits.size {
                slots.park(connection, now: now, lifeEndsBy: now + limits.maxLifetime)
                return .park
            }
        } else if state == .broken {
            counters.losses += 1
        } else if !isClosed {
            counters.expiries += 1
        }
        slots.move(connection, to: .vacant)
        return .close
    }

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
        let unused = slots.all(in: .idle) + slots.all(in: .halfOpen)
        for connection in unused { slots.move(connection, to: .vacant) }
        return unused
    }

    /// The pool is to end: nothing is lent any more.
    package mutating func shutdownRequested() -> ShutdownAction {
        isClosed = true
        return ShutdownAction(close: releaseIdle(), reject: rejectWaiters())
    }

    private mutating func rejectWaiters() -> [WaiterID] {
        var rejected: [WaiterID] = []
        while let waiter = waiters.dequeue() { rejected.append(waiter) }
        counters.rejections += rejected.count
        return rejected
    }

    /// Whether every connection is closed.
    package var isEmpty: Bool { slots.counts.open == 0 }
}
