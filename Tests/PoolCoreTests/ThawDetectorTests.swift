import Moments
import PoolCore
import Testing

@Suite struct `A thaw detector` {
    private let first = ThawDetector.Reading(
        boottime: .seconds(10_000),
        monotonic: .seconds(9000),
        wall: .seconds(1_750_000_000),
        invocation: 1
    )

    /// The gap after the clocks moved by that much.
    private func gap(
        boottime: Duration,
        monotonic: Duration,
        wall: Duration,
        invocations: UInt64 = 0,
        expected: Duration? = nil
    ) -> Duration {
        var detector = ThawDetector()
        #expect(detector.clocksRead(first) == .zero)
        var reading = first
        reading.boottime += boottime
        reading.monotonic += monotonic
        reading.wall += wall
        reading.invocation += invocations
        return detector.clocksRead(reading, expected: expected)
    }

    @Test(arguments: [0, 1, 60, 36_000])
    func `sees nothing while all clocks run`(seconds: Int) {
        let time = Duration.seconds(seconds)
        #expect(gap(boottime: time, monotonic: time, wall: time) == .zero)
    }

    @Test func `sees a suspend, in which the monotonic clock stood still`() {
        #expect(gap(boottime: .seconds(601), monotonic: .seconds(1), wall: .seconds(601)) == .seconds(600))
    }

    @Test func `sees a snapshot that was restored, by the wall clock alone`() {
        let time = Duration.milliseconds(20)
        #expect(gap(boottime: time, monotonic: time, wall: .seconds(3600) + time) == .seconds(3600))
    }

    @Test func `sees a snapshot that was restored where the clocks say less`() {
        #expect(gap(boottime: .seconds(-500), monotonic: .seconds(-500), wall: .seconds(100)) == .seconds(600))
    }

    @Test func `takes a wall clock that was set back for one`() {
        #expect(gap(boottime: .seconds(1), monotonic: .seconds(1), wall: .seconds(-3599)) == .seconds(3600))
    }

    @Test(arguments: [1.0, 60, 3600, 86_400], [-1.0, 1])
    func `is not misled by a clock that is being adjusted`(seconds: Double, direction: Double) {
        let time = Duration.seconds(seconds)
        #expect(gap(boottime: time, monotonic: time, wall: time * (1 + direction * 0.0005)) == .zero)
    }

    @Test(arguments: [(999, 0), (1001, 0), (1002, 1002)])
    func `overlooks less than a second`(milliseconds: Int, seen: Int) {
        let gap = gap(boottime: .seconds(1), monotonic: .seconds(1), wall: .seconds(1) + .milliseconds(milliseconds))
        #expect(gap == .milliseconds(seen))
    }

    @Test func `sees that more time has passed than the caller expected`() {
        let time = Duration.seconds(100)
        #expect(gap(boottime: time, monotonic: time, wall: time, expected: .seconds(5)) == .seconds(95))
        #expect(gap(boottime: time, monotonic: time, wall: time, expected: .seconds(100)) == .zero)
    }

    @Test func `takes the time between two invocations for one in which nothing ran`() {
        let time = Duration.seconds(100)
        #expect(gap(boottime: time, monotonic: time, wall: time, invocations: 1) == time)
        #expect(gap(boottime: .seconds(1), monotonic: .seconds(1), wall: .seconds(1), invocations: 1) == .zero)
    }

    @Test func `counts from the last reading`() {
        var detector = ThawDetector()
        var reading = first
        _ = detector.clocksRead(reading)
        reading.wall += .seconds(60)
        #expect(detector.clocksRead(reading) == .seconds(60))
        #expect(detector.clocksRead(reading) == .zero)
    }
}
