internal import LibpqIO
internal import PoolCore

extension ThawDetector.Reading {
    /// What the clocks say now.
    static var now: ThawDetector.Reading {
        let clocks = ClockReading.now
        return ThawDetector.Reading(boottime: clocks.boottime, monotonic: clocks.monotonic, wall: clocks.wall)
    }
}
