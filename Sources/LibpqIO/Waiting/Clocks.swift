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
