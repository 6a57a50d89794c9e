import Foundation
import StormSimulator

/// Results as a text table.
struct Table {
    let results: [StormResult]

    private static let columns = [
        "scenario", "policy", "calls", "failed", "connects", "wasted", "refused", "peak", "queue s", "p50 s", "p99 s",
        "makespan s",
    ]

    var text: String {
        let rows = [Self.columns] + results.map(cells)
        let widths = Self.columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < 2 ? cell + space : space + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private func cells(_ result: StormResult) -> [String] {
        let counts = [
            result.invocations, result.failed, result.connects, result.wasted, result.refused, result.peakConnections,
        ]
        let times = [result.peakQueue, result.p50, result.p99, result.makespan]
        return [result.scenario, result.policy] + counts.map { String($0) }
            + times.map { String(format: "%.2f", $0) }
    }
}
