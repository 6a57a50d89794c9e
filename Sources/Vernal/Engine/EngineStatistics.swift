internal import PoolCore

/// What has happened in an engine since it was made, and what its connections are doing.
public struct EngineStatistics: Sendable, Hashable, Codable {
    /// The most connections that may be open.
    public var limit = 0
    /// Connections that are open or being opened.
    public var open = 0
    /// Open connections that nobody uses.
    public var idle = 0
    /// Connections that are in use.
    public var active = 0
    /// Connections that are being opened.
    public var connecting = 0
    /// Callers that wait for a connection.
    public var waiting = 0

    /// How often a connection was asked for.
    public var acquires = 0
    /// How often it took more than 50 ms (to 2 %) to get one: where these are more than a twentieth of those who got one, the
    /// 95th percentile is more than that.
    public var slowAcquires = 0
    /// How often somebody had to wait for one.
    public var waits = 0
    /// How often one was refused at once: too many waiters, the connect throttle, or the engine disposed of.
    public var rejections = 0
    /// How often somebody did not want to wait and got none.
    public var misses = 0
    /// How often a waiter ran out of time.
    public var waitTimeouts = 0
    /// How often a waiter's task was cancelled.
    public var waitCancellations = 0

    /// Connects that were begun.
    public var connects = 0
    /// Connects that failed.
    public var connectFailures = 0
    /// How often a connect was put off, because too many were made lately.
    public var throttled = 0
    /// How often the circuit breaker opened.
    public var breakerOpenings = 0
    /// How often all connections were replaced.
    public var invalidations = 0
    /// Connections that were held for longer than `leakThreshold`, or beyond the end of an invocation.
    public var leaks = 0
    /// Those of them that came back after all.
    public var leaksWithdrawn = 0
    /// Sessions that were cleaned for the next caller.
    public var resets = 0
    /// Connections that were closed.
    public var evictions = Evictions()

    /// From asking for a connection to having it.
    public var acquireTime = Timing()
    /// From getting a connection to giving it back.
    public var useTime = Timing()
    /// From the beginning of a connect to its end.
    public var connectTime = Timing()

    /// Connections that were closed because of their age or because they had been idle.
    public var expiries: Int { evictions.lifetime + evictions.idle + evictions.halfOpen }
    /// Connections that came back broken or were found dead.
    public var losses: Int { evictions.broken }

    /// Connections that were closed, by the reason.
    public struct Evictions: Sendable, Hashable, Codable {
        /// Their life was over.
        public var lifetime = 0
        /// Nobody had used them for too long.
        public var idle = 0
        /// They were half-open for too long.
        public var halfOpen = 0
        /// They had been lent as often as they may be.
        public var maxUses = 0
        /// All connections were being replaced.
        public var invalidated = 0
        /// There were more than the pool keeps.
        public var overflow = 0
        /// They came back broken, or were found dead.
        public var broken = 0
        /// The engine keeps none.
        public var unpooled = 0
        /// The process was about to be frozen, or the engine was disposed of.
        public var released = 0

        init() {}

        init(_ evictions: PoolCore.Evictions) {
            lifetime = evictions.lifetime
            idle = evictions.idle
            halfOpen = evictions.halfOpen
            maxUses = evictions.maxUses
            invalidated = evictions.invalidated
            overflow = evictions.overflow
            broken = evictions.broken
            unpooled = evictions.unpooled
            released = evictions.released
        }

        /// All of them.
        public var total: Int {
            lifetime + idle + halfOpen + maxUses + invalidated + overflow + broken + unpooled + released
        }
    }

    init() {}

    init(_ snapshot: PoolSnapshot, resets: Int) {
        limit = snapshot.maxOpen
        open = snapshot.counts.open
        idle = snapshot.counts.idle
        active = snapshot.counts.leased
        connecting = snapshot.counts.connecting + snapshot.counts.halfOpen
        waiting = snapshot.waiting
        let counters = snapshot.counters
        acquires = counters.acquires
        waits = counters.waits
        rejections = counters.rejections
        misses = counters.misses
        waitTimeouts = counters.waitTimeouts
        waitCancellations = counters.waitCancellations
        connects = counters.connects
        connectFailures = counters.connectFailures
        throttled = counters.throttled
        breakerOpenings = counters.breakerOpenings
        invalidations = counters.invalidations
        leaks = counters.leaks
        leaksWithdrawn = counters.leaksWithdrawn
        self.resets = resets
        evictions = Evictions(counters.evictions)
        slowAcquires = snapshot.timings.acquire.count(longerThan: .milliseconds(50))
        acquireTime = Timing(snapshot.timings.acquire)
        useTime = Timing(snapshot.timings.use)
        connectTime = Timing(snapshot.timings.connect)
    }
}
