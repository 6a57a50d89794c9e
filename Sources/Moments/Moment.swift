/// A point in time, on the clock that goes on counting while the machine is suspended.
///
/// It means what a `ContinuousClock.Instant` means. That type belongs to a library that may change its size, so whatever
/// holds one is handled at run time as something of unknown size: that doubled the cost of lending a connection, and
/// the optimiser of Swift 6.3.1 crashes on some values with one owner that hold one.
///
/// It is public in a module that no user sees, because only what is public is worked out in place by other modules.
public struct Moment: Sendable, Hashable, Comparable {
    /// How long the machine had been running.
    public let sinceBoot: Duration

    /// The moment at which the machine had been running for so long.
    @inlinable
    public init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    /// The moment that an instant of that clock means.
    public init(_ instant: ContinuousClock.Instant) {
        sinceBoot = instant - ContinuousClock().systemEpoch
    }

    // The operators of `Duration` are calls into the standard library, and those that `Comparable` adds call these by way of a table:
    // all of them are asked for several times for each statement.

    /// Whether one is earlier than the other.
    @inlinable @inline(__always)
    public static func < (left: Moment, right: Moment) -> Bool {
        left.sinceBoot.attoseconds < right.sinceBoot.attoseconds
    }

    /// Whether one is not later than the other.
    @inlinable @inline(__always)
    public static func <= (left: Moment, right: Moment) -> Bool { !(right < left) }

    /// Whether one is later than the other.
    @inlinable @inline(__always)
    public static func > (left: Moment, right: Moment) -> Bool { right < left }

    /// Whether one is not earlier than the other.
    @inlinable @inline(__always)
    public static func >= (left: Moment, right: Moment) -> Bool { !(left < right) }

    /// The moment so much later.
    @inlinable @inline(__always)
    public static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(sinceBoot: Duration(attoseconds: moment.sinceBoot.attoseconds + duration.attoseconds))
    }

    /// The moment so much earlier.
    @inlinable @inline(__always)
    public static func - (moment: Moment, duration: Duration) -> Moment {
        Moment(sinceBoot: Duration(attoseconds: moment.sinceBoot.attoseconds - duration.attoseconds))
    }

    /// How much time is between the two.
    @inlinable @inline(__always)
    public static func - (later: Moment, earlier: Moment) -> Duration {
        Duration(attoseconds: later.sinceBoot.attoseconds - earlier.sinceBoot.attoseconds)
    }

    /// Moves it on.
    public static func += (moment: inout Moment, duration: Duration) { moment = moment + duration }

    /// Moves it back.
    public static func -= (moment: inout Moment, duration: Duration) { moment = moment - duration }
}
