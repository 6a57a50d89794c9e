/// Finds out from several clocks that the process did not run for a while, without a timer.
///
/// A suspended machine stops the monotonic clock but not the boot clock; a restored snapshot finds a new wall time and old
/// other clocks; a frozen process sees nothing but that much time has passed since its last invocation.
package struct ThawDetector: Sendable, Hashable {
    /// What the clocks said at about the same moment.
    package struct Reading: Sendable, Hashable {
        /// Since the boot, with the time in which the machine was suspended.
        package var boottime: Duration
        /// Since any moment, without that time.
        package var monotonic: Duration
        /// Since 1970.
        package var wall: Duration
        /// Counts the invocations: between two of them the process may be frozen.
        package var invocation: UInt64

        package init(boottime: Duration, monotonic: Duration, wall: Duration, invocation: UInt64 = 0) {
            self.boottime = boottime
            self.monotonic = monotonic
            self.wall = wall
            self.invocation = invocation
        }
    }

    private let tolerance: Duration
    private var last: Reading?

    /// - Parameter tolerance: by how much clocks may differ that were read one after the other.
    package init(tolerance: Duration = .seconds(1)) {
        self.tolerance = tolerance
    }

    /// The clocks were read.
    ///
    /// - Parameters:
    ///   - reading: what they said.
    ///   - expected: how much time can have passed since the last reading at most, if the caller knows, as after a
    ///     sleep.
    /// - Returns: for how long the process may not have run since the last reading, zero if it ran. A clock that was
    ///   set counts, forwards and backwards: nobody can tell it from a snapshot that was restored.
    package mutating func clocksRead(_ reading: Reading, expected: Duration? = nil) -> Duration {
        guard let last else {
            self.last = reading
            return .zero
        }
        self.last = reading
        let boottime = reading.boottime - last.boottime
        let monotonic = reading.monotonic - last.monotonic
        let wall = reading.wall - last.wall
        let longest = max(boottime, monotonic, wall)
        // A clock that is being adjusted runs too fast or too slow by 500 millionths; twice that is allowed for.
        let allowed = tolerance + max(.zero, min(boottime, monotonic)) / 1000
        var gap = Duration.zero
        let difference = longest - min(boottime, monotonic, wall)
        if difference > allowed { gap = difference }
        if let expected, boottime - expected > allowed { gap = max(gap, boottime - expected) }
        // Nothing is known to have run between two invocations.
        if reading.invocation != last.invocation, boottime > tolerance { gap = max(gap, boottime) }
        return gap
    }
}
