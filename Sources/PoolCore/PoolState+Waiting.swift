package import Moments

extension PoolState {
    /// The time has come for which a waiter was told to ask again.
    ///
    /// - Returns: `nil` when the waiter has been handed something meanwhile, which it will find. If it is to wait on,
    ///   `nextWake` has to be asked, which hands out idle connections.
    package mutating func askedAgain(_ waiter: WaiterID, now: Moment) -> AcquireAction? {
        guard waiters.contains(waiter) else { return nil }
        guard waiters.first == waiter else { return .wait(waiter, askAgain: nil) }
        informedWaiter = nil
        if let end = pauseEnd(now: now) {
            informedWaiter = waiter
            return .wait(waiter, askAgain: end)
        }
        guard slots.counts.idle == 0, hasRoom else { return .wait(waiter, askAgain: nil) }
        if let held = breaker?.heldUntil(now: now) {
            informedWaiter = waiter
            return .wait(waiter, askAgain: held)
        }
        if let halfOpen = slots.firstHalfOpen() {
            let askedAt = leave(waiter, now: now)
            return .resume(resumption(halfOpen, askedAt: askedAt, now: now))
        }
        guard let connection = vacancy else { return .wait(waiter, askAgain: nil) }
        if let token = takeToken(now: now) {
            if !mayBeServed, waiters.isHopeless(waiter, before: token) {
                waiters.remove(waiter)
                counters.rejections += 1
                return .reject(.throttled(until: token))
            }
            informedWaiter = waiter
            return .wait(waiter, askAgain: token)
        }
        let askedAt = leave(waiter, now: now)
        return .open(permit(connection, askedAt: askedAt, now: now))
    }

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

    /// Whom to wake because there is something for it.
    ///
    /// A place becomes free, a pause ends, or the first in the queue changes, in many ways; so the shell asks after each
    /// event until there is nobody to wake. The first in the queue is never left waiting beside a free place or an
    /// idle connection without a time at which it asks again.
    package mutating func nextWake(now: Moment) -> Wake? {
        guard let waiter = waiters.first else { return nil }
        if let end = pauseEnd(now: now) { return told(waiter, end, close: []) }
        var expired: [ConnectionID] = []
        if slots.counts.idle > 0 {
            let (close, found) = takeIdle(now: now)
            if let found {
                timings.acquire.record(now - leave(waiter, now: now))
                return Wake(close: close, waiter: waiter, handover: .lend(found.connection, found.check))
            }
            // There is room now, so the waiter is told something, and what is to be closed goes along with it.
            expired = close
            informedWaiter = nil
        }
        if let held = breaker?.heldUntil(now: now) {
            if !mayBeServed, let hopeless = waiters.first(endingBefore: held) {
                waiters.remove(hopeless)
                counters.rejections += 1
                return Wake(close: expired, waiter: hopeless, handover: .reject(.breakerOpen(until: held)))
            }
            return hasRoom ? told(waiter, held, close: expired) : nil
        }
        if let halfOpen = slots.firstHalfOpen() {
            let askedAt = leave(waiter, now: now)
            let permit = resumption(halfOpen, askedAt: askedAt, now: now)
            return Wake(close: expired, waiter: waiter, handover: .resume(permit))
        }
        guard informedWaiter != waiter, let connection = vacancy else {
            guard !expired.isEmpty else { return nil }
            // As many connects as may be are under way, and one of them will wake it; this only takes along what is to
            // be closed.
            return Wake(close: expired, waiter: waiter, handover: .askAgain(at: now + .seconds(1)))
        }
        if let token = takeToken(now: now) {
            // The bucket was emptied meanwhile: whoever would be given up before there is a token is told so now.
            if !mayBeServed, let hopeless = waiters.first(endingBefore: token) {
                waiters.remove(hopeless)
                counters.rejections += 1
                return Wake(close: expired, waiter: hopeless, handover: .reject(.throttled(until: token)))
            }
            return told(waiter, token, close: expired)
        }
        let askedAt = leave(waiter, now: now)
        let permit = permit(connection, askedAt: askedAt, now: now)
        return Wake(close: expired, waiter: waiter, handover: .open(permit))
    }

    /// Whether there may be something for those who wait while the one connection that was free has gone to one of them: if
    /// not, `nextWake` would find nothing.
    package var mayServeMore: Bool { !waiters.isEmpty && (slots.counts.idle > 0 || hasRoom || pause != nil) }

    /// Takes a waiter out of the queue because there is something for it.
    ///
    /// - Returns: since when it has waited.
    mutating func leave(_ waiter: WaiterID, now: Moment) -> Moment {
        let since = waiters.waitingSince(waiter) ?? now
        waiters.remove(waiter)
        return since
    }

    /// Tells the first in the queue a time, unless it knows one.
    private mutating func told(
        _ waiter: WaiterID,
        _ time: Moment,
        close: [ConnectionID]
    ) -> Wake? {
        guard informedWaiter != waiter else { return nil }
        informedWaiter = waiter
        return Wake(close: close, waiter: waiter, handover: .askAgain(at: time))
    }

    mutating func rejectWaiters() -> [WaiterID] {
        var rejected: [WaiterID] = []
        while let waiter = waiters.dequeue() { rejected.append(waiter) }
        counters.rejections += rejected.count
        return rejected
    }
}
