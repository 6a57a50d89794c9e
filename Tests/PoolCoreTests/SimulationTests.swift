import Foundation
import Moments
import PoolCore
import Testing

/// `VERNAL_EVENTS` says how many events are tried, `VERNAL_SEED` with which seed only.
@Suite struct `A pool under random events` {
    private static let eventsPerRun = 2500
    private static let events = environment("VERNAL_EVENTS").flatMap { Int($0) } ?? 200_000
    private static let seed = environment("VERNAL_SEED").flatMap { UInt64($0) }

    private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    @Test func `does nothing that the reference model forbids`() {
        let runs = UInt64(max(1, Self.events / Self.eventsPerRun))
        var events = 0
        var all = PoolCountersSum()
        for seed in Self.seed.map({ $0...$0 }) ?? 1...runs {
            var simulation = Simulation(seed: seed)
            do throws(Violation) {
                try simulation.run(events: Self.eventsPerRun)
            } catch {
                Issue.record("\(error); \(simulation.description)")
                return
            }
            events += simulation.events
            all.add(simulation.pool.counters)
        }
        #expect(Self.seed != nil || events >= 200_000 || events >= Self.events - Self.eventsPerRun)
        // What never happens is not tested.
        if events >= 100_000 { #expect(all.neverHappened == []) }
    }
}

/// How often things happened in all runs together.
private struct PoolCountersSum {
    private var sums: [String: Int] = [:]

    mutating func add(_ counters: PoolCounters) {
        for value in [Mirror(reflecting: counters), Mirror(reflecting: counters.evictions)] {
            for case (let name?, let count as Int) in value.children { sums[name, default: 0] += count }
        }
    }

    var neverHappened: [String] { sums.filter { $0.value < 100 }.keys.sorted() }
}
