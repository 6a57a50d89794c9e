internal import PoolCore

/// What the connections of an engine are doing at one moment.
public struct EngineStatus: Sendable, Hashable, Codable {
    /// How many connections are kept: `poolSize`.
    public var size = 0
    /// The most that may be open: `poolSize` and `maxOverflow`.
    public var limit = 0
    /// How many are open or being opened.
    public var open = 0
    /// How many are open and used by nobody.
    public var idle = 0
    /// How many are in use.
    public var active = 0
    /// How many are being opened.
    public var connecting = 0
    /// How many are open beyond `size`.
    public var overflow = 0
    /// How many of those in use are closed when they come back, because all connections are being replaced.
    public var invalid = 0
    /// How many callers wait for one.
    public var waiting = 0

    /// Which part of `limit` is in use: 1 when there is no connection left.
    public var saturation: Double { limit == 0 ? 0 : Double(active) / Double(limit) }

    init() {}

    init(_ snapshot: PoolSnapshot) {
        size = snapshot.size
        limit = snapshot.maxOpen
        open = snapshot.counts.open
        idle = snapshot.counts.idle
        active = snapshot.counts.leased
        connecting = snapshot.counts.connecting + snapshot.counts.halfOpen
        overflow = max(0, open - size)
        invalid = snapshot.stale
        waiting = snapshot.waiting
    }
}

/// How long something took, over the life of an engine.
///
/// The percentiles are off by 7 % at most; the times are in seconds when encoded.
public struct Timing: Sendable, Hashable, Codable {
    /// How many there were.
    public var count = 0
    /// The sum, in seconds.
    public var totalSeconds = 0.0
    /// Half took no longer, in seconds.
    public var p50Seconds = 0.0
    /// 95 of 100 took no longer, in seconds.
    public var p95Seconds = 0.0
    /// 99 of 100 took no longer, in seconds.
    public var p99Seconds = 0.0
    /// The longest, in seconds.
    public var maxSeconds = 0.0

    init() {}

    init(_ histogram: DurationHistogram) {
        count = histogram.count
        totalSeconds = histogram.mean.inSeconds * Double(histogram.count)
        p50Seconds = histogram.percentile(0.5).inSeconds
        p95Seconds = histogram.percentile(0.95).inSeconds
        p99Seconds = histogram.percentile(0.99).inSeconds
        maxSeconds = histogram.max.inSeconds
    }
}

extension Duration {
    /// As a number of seconds.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
