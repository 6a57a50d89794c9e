#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One line of the report: one contestant of one benchmark.
struct ReportLine: Sendable, Encodable {
    var name: String
    var transport: String
    var regime: String
    /// Whether client and server really ran where the regime wants them.
    var isPinned: Bool
    /// In microseconds for a call, as `p99us` and `cpuUs`.
    var p50us: Double
    var p99us: Double
    var cpuUs: Double
    /// Of the p50, in the same round; the median over the rounds.
    var ratioToC: Double?
    /// Voluntary ones, for a call, as the counts below.
    var contextSwitches: Double
    var mallocs: Double?
    var syscalls: Double?
    var roundTrips: Double?

    /// As a JSON list.
    static func json(_ lines: [ReportLine]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(lines)
    }

    private static let widths = [40, 5, 10, 8, 8, 8, 6, 5, 7, 8, 5]

    static let header = row(
        ["benchmark", "over", "regime", "p50 µs", "p99 µs", "CPU µs", "× C", "ctx", "mallocs", "syscalls", "trips"]
    )

    var text: String {
        Self.row(
            [
                name, transport, isPinned ? regime : "\(regime) (!)",
                Self.number(p50us), Self.number(p99us), Self.number(cpuUs),
                ratioToC.map { Self.number($0, digits: 2) } ?? "-",
                Self.number(contextSwitches, digits: 1),
            ]
                + [mallocs, syscalls, roundTrips].map { count in count.map { Self.number($0, digits: 1) } ?? "-" }
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

    /// With fewer digits the greater the number is.
    private static func number(_ value: Double, digits: Int? = nil) -> String {
        let digits = digits ?? (value < 1 ? 3 : value < 100 ? 1 : 0)
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        guard digits > 0 else { return String(scaled) }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
