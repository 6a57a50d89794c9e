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
        return Moment(sinceBoot: duration(time))
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
}

/// The time for measuring how long something took: cheaper to subtract than a moment.
///
/// It stands still while the machine is suspended, so a freeze does not look like a slow answer.
func monotonicNanoseconds() -> Int64 { nanoseconds(time(of: CLOCK_MONOTONIC)) }

/// Counted in 64 bits first: arithmetic of 128 bits costs more than the look at the clock.
private func duration(_ time: timespec) -> Duration { .nanoseconds(nanoseconds(time)) }

private func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }

private func time(of clock: clockid_t) -> timespec {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return time
}
