package import PoolCore

/// From which numbers on the engine raises an alert: an event, and a warning in the log.
///
/// The numbers are looked at when a connection comes back and when a caller gets none: nothing runs in the background.
public struct AlertThresholds: Sendable, Hashable {
    /// How often they are looked at, at most; times are those since the last look.
    ///
    /// Default 5 s.
    public var interval: Duration = .seconds(5)
    /// The longest time that 95 of 100 callers wait for a connection.
    ///
    /// Default 50 ms.
    public var acquireP95: Duration = .milliseconds(50)
    /// The part of the connections that may be in use all the time.
    ///
    /// Default 0.8.
    public var saturation = 0.8
    /// For how long more than that may be in use.
    ///
    /// Default 10 s.
    public var saturationTime: Duration = .seconds(10)
    /// How many of the last `connectWindow` connects may fail.
    ///
    /// Default 3.
    public var connectFailures = 3
    /// How many of the last connects are looked at, at most 64.
    ///
    /// Default 10.
    public var connectWindow = 10
    /// For how long the pool counts as exhausted after a caller got no connection in time.
    ///
    /// Default 60 s.
    public var exhaustionTime: Duration = .seconds(60)

    /// The default thresholds.
    public init() {}

    package var limits: AlertLimits {
        var limits = AlertLimits()
        limits.acquireP95 = acquireP95
        limits.saturation = saturation
        limits.saturationTime = saturationTime
        limits.connectFailures = connectFailures
        limits.connectWindow = connectWindow
        limits.exhaustionTime = exhaustionTime
        return limits
    }
}
