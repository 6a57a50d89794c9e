/// A point in time, on the clock that goes on counting while the machine is suspended.
///
/// It means what a `ContinuousClock.Instant` means. That type belongs to a library that may change its size, so whatever
/// holds one is handled at run time as something of unknown size: that doubled the cost of lending a connection, and
/// the optimiser of Swift 6.3.1 crashes on some values with one owner that hold one.
package struct Moment: Sendable, Hashable, Comparable {
    /// How long the machine had been running.
    package let sinceBoot: Duration

    @inlinable
    package init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    package init(_ instant: ContinuousClock.Instant) {
        sinceBoot = instant - ContinuousClock().systemEpoch
    }

    // The operators of `Duration` are calls into the standard library, and those that `Comparable` adds call these by way of a table:
    // all of them are asked for several times for each statement.

    @inlinable
    package static func < (left: Moment, right: Moment) -> Bool {
        left.sinceBoot.attoseconds < right.sinceBoot.attoseconds
    }

    @inlinable
    package static func <= (left: Moment, right: Moment) -> Bool { !(right < left) }

    @inlinable
    package static func > (left: Moment, right: Moment) -> Bool { right < left }

    @inlinable
    package static func >= (left: Moment, right: Moment) -> Bool { !(left < right) }

    @inlinable
    package static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(sinceBoot: Duration(attoseconds: moment.sinceBoot.attoseconds + duration.attoseconds))
    }

    @inlinable
    package static func - (moment: Moment, duration: Duration) -> Moment {
        Moment(sinceBoot: Duration(attoseconds: moment.sinceBoot.attoseconds - duration.attoseconds))
    }

    @inlinable
    package static func - (later: Moment, earlier: Moment) -> Duration {
        Duration(attoseconds: later.sinceBoot.attoseconds - earlier.sinceBoot.attoseconds)
    }

    package static func += (moment: inout Moment, duration: Duration) { moment = moment + duration }

    package static func -= (moment: inout Moment, duration: Duration) { moment = moment - duration }
}
