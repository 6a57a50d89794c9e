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
    /// Connects that were begun.
    package internal(set) var connects = 0
    /// Connects that failed.
    package internal(set) var connectFailures = 0
    /// Connections closed because they had been idle, were left half-open, or were at the end of their life.
    package internal(set) var expiries = 0
    /// Connections closed because they came back broken or were found dead.
    package internal(set) var losses = 0
}

/// A pool at one moment.
package struct PoolSnapshot: Sendable, Hashable {
    package let counts: PoolCounts
    package let waiting: Int
    package let maxOpen: Int
    package let counters: PoolCounters
}
