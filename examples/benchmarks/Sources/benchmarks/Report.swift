internal import CBench

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One line of the report: one contestant of one benchmark.
struct ReportLine: Sendable, Codable {
    var name: String
    var transport = ""
    var regime = ""
    /// Whether client and server really ran where the regime wants them.
    var isPinned = false
    /// In microseconds for a call, as `p99us` and `cpuUs`.
    var p50us: Double
    var p99us: Double
    var cpuUs: Double
    /// Of what is compared, in the same round; the median over the rounds.
    var ratioToC: Double?
    var ratioToPrepared: Double?
    /// Of all tasks together; absent for calls one after the other.
    var callsPerSecond: Double?
    /// Voluntary ones, for a call, as the counts below.
    var contextSwitches: Double
    var mallocs: Double?
    var syscalls: Double?
    var roundTrips: Double?
    /// What an open connection takes.
    var heapKiB: Double?

    init(_ benchmark: Benchmark, _ contestant: any Contestant, _ score: Score) {
        name = contestant.name.isEmpty ? benchmark.name : "\(benchmark.name) (\(contestant.name))"
        p50us = score.p50.median / 1000
        p99us = score.p99.median / 1000
        cpuUs = score.cpu.median / 1000
        let together = score.together.median
        callsPerSecond = together > 0 ? 1_000_000_000 / together : nil
        contextSwitches = score.contextSwitches.median
        mallocs = score.perCall(score.counters.allocations)
        syscalls = score.perCall(score.counters.io_calls)
        // With several connections under way it cannot be told which of them was sent to and has answered.
        roundTrips = contestant.backends.count > 1 ? nil : score.perCall(score.counters.round_trips)
        heapKiB = score.heapBytes.map { Double($0) / 1024 }
    }

    /// As a JSON list.
    static func json(_ lines: [ReportLine]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(lines)
    }

    private static let widths = [50, 9, 9, 8, 8, 8, 6, 6, 8, 6, 7, 8, 6, 8]

    static let header = row([
        "benchmark", "over", "regime", "p50 µs", "p99 µs", "CPU µs", "× C", "× prep", "calls/s", "ctx", "mallocs",
        "syscalls", "trips", "heap KiB",
    ])

    var text: String {
        Self.row(
            [
                name, transport, isPinned ? regime : "\(regime) (!)",
                Self.number(p50us), Self.number(p99us), Self.number(cpuUs),
                Self.number(ratioToC, digits: 2), Self.number(ratioToPrepared, digits: 2),
                Self.number(callsPerSecond, digits: 0), Self.number(contextSwitches, digits: 1),
            ]
                + [mallocs, syscalls, roundTrips, heapKiB].map { Self.number($0, digits: 1) }
        )
    }

    /// Words to the left, numbers to the right.
    private static func row(_ cells: [String]) -> String {
        zip(cells, widths).enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index < 3 ? cell.0 + padding : padding + cell.0
        }
        .joined(separator: " ")
    }

    /// With fewer digits the greater the number is; `-` for none.
    static func number(_ value: Double?, digits: Int? = nil) -> String {
        guard let value else { return "-" }
        let digits = digits ?? (value < 1 ? 3 : value < 100 ? 1 : 0)
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
