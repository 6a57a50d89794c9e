internal import CLibpq
package import Moments

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension Moment {
    /// This moment.
    package static var now: Moment {
        #if canImport(Darwin)
        // Counts during sleep on Darwin, where the clock of the other name does not.
        let time = time(of: CLOCK_MONOTONIC_RAW)
        #else
        let time = time(of: CLOCK_BOOTTIME)
        #endif
        return Moment(sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }
}

/// What the clocks of the system say at about the same moment.
package struct ClockReading: Sendable {
    /// Since the boot, with the time in which the machine was suspended.
    package let boottime: Duration
    /// Since any moment, without that time.
    package let monotonic: Duration
    /// Since 1970.
    package let wall: Duration

    /// Reads the clocks.
    package static var now: ClockReading {
        ClockReading(
            boottime: Moment.now.sinceBoot,
            monotonic: duration(time(of: CLOCK_MONOTONIC)),
            wall: duration(time(of: CLOCK_REALTIME))
        )
    }

    private static func duration(_ time: timespec) -> Duration {
        .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// The time for measuring how long something took: cheaper to subtract than a moment.
///
/// It stands still while the machine is suspended, so a freeze does not look like a slow answer.
func monotonicNanoseconds() -> Int64 {
    let time = time(of: CLOCK_MONOTONIC)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

private func time(of clock: clockid_t) -> timespec {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return time
}
