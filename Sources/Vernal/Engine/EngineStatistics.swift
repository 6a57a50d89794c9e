internal import PoolCore

/// A pool at one moment, and what has happened in it since it began.
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
    /// How often somebody had to wait for one.
    public var waits = 0
    /// How often one was refused at once: too many waiters, the connect throttle, or the engine disposed of.
    public var rejections = 0
    /// How often a waiter ran out of time.
    public var waitTimeouts = 0
    /// How often a waiter's task was cancelled.
    public var waitCancellations = 0
    /// Connects that were begun.
    public var connects = 0
    /// Connects that failed.
    public var connectFailures = 0
    /// Connections that were closed because of their age or because they had been idle.
    public var expiries = 0
    /// Connections that came back broken or were found dead.
    public var losses = 0

    init() {}

    init(_ snapshot: PoolSnapshot) {
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
        waitTimeouts = counters.waitTimeouts
        waitCancellations = counters.waitCancellations
        connects = counters.connects
        connectFailures = counters.connectFailures
        expiries = counters.expiries
        losses = counters.losses
    }
}
