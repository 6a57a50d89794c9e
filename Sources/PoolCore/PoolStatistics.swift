/// What has happened in a pool since it began.
package struct PoolCounters: Sendable, Hashable {
    /// Acquires that were asked for.
    package internal(set) var acquires = 0
    /// Acquires that had to wait in the queue.
    package internal(set) var waits = 0
    /// Acquires that were refused, at once or while they waited: too many waiters, the throttle, a connect that no other
    /// would fare better than, or a shutdown.
    package internal(set) var rejections = 0
    /// Waiters that ran out of time.
    package internal(set) var waitTimeouts = 0
    /// Waiters whose task was cancelled.
    package internal(set) var waitCancellations = 0
    /// Acquires that did not want to wait and got nothing.
    package internal(set) var misses = 0
    /// Connects that were begun.
    package internal(set) var connects = 0
    /// Connects that failed.
    package internal(set) var connectFailures = 0
    /// Connects that failed because the server had no slot left or was asked too often.
    package internal(set) var overloads = 0
    /// How often a connect was put off because there was no token for it.
    package internal(set) var throttled = 0
    /// How often all connections were called stale.
    package internal(set) var invalidations = 0
    /// How often the circuit breaker opened.
    package internal(set) var breakerOpenings = 0
    /// Leases that were reported because they were held for too long.
    package internal(set) var leaks = 0
    /// Leases that were reported and ended after all.
    package internal(set) var leaksWithdrawn = 0
    /// Connections that were closed, by the reason.
    package internal(set) var evictions = Evictions()

    /// Connections closed because they had been idle, were left half-open, or were at the end of their life.
    package var expiries: Int { evictions.lifetime + evictions.idle + evictions.halfOpen }
    /// Connections closed because they came back broken or were found dead.
    package var losses: Int { evictions.broken }
}

/// Why a connection was closed.
package enum EvictionReason: Sendable, Hashable, CaseIterable {
    case lifetime, idle, halfOpen, maxUses, invalidated, overflow, broken, unpooled, released
}

/// How many connections were closed, by the reason.
///
/// Every connect that was begun has failed, is evicted, or still holds a place.
package struct Evictions: Sendable, Hashable {
    /// Their life was over.
    package internal(set) var lifetime = 0
    /// Nobody had used them for too long.
    package internal(set) var idle = 0
    /// They were half-open for too long.
    package internal(set) var halfOpen = 0
    /// They had been lent as often as they may be.
    package internal(set) var maxUses = 0
    /// They had been called stale.
    package internal(set) var invalidated = 0
    /// They were more than the size, or than the pool that was made smaller may have.
    package internal(set) var overflow = 0
    /// They came back broken, or were found dead.
    package internal(set) var broken = 0
    /// The pool keeps none.
    package internal(set) var unpooled = 0
    /// The process was about to be frozen, or the pool was shut down.
    package internal(set) var released = 0

    package var total: Int {
        lifetime + idle + halfOpen + maxUses + invalidated + overflow + broken + unpooled + released
    }

    mutating func add(_ reason: EvictionReason) {
        switch reason {
        case .lifetime: lifetime += 1
        case .idle: idle += 1
        case .halfOpen: halfOpen += 1
        case .maxUses: maxUses += 1
        case .invalidated: invalidated += 1
        case .overflow: overflow += 1
        case .broken: broken += 1
        case .unpooled: unpooled += 1
        case .released: released += 1
        }
    }
}

/// A pool at one moment.
package struct PoolSnapshot: Sendable, Hashable {
    package let counts: PoolCounts
    package let waiting: Int
    /// How many connections are kept.
    package let size: Int
    /// How many may be open.
    package let maxOpen: Int
    /// How many of the open ones are closed instead of being lent again.
    package let stale: Int
    package let counters: PoolCounters
    package let timings: PoolTimings
}
