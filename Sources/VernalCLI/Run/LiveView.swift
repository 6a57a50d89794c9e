import Foundation
import LocalFunctions
import Synchronization

/// What the terminal shows while functions run: environments, states, in flight, connections, rate.
final class LiveView: Sendable {
    private let counts = Mutex(Counts())
    private let terminal = Terminal(STDERR_FILENO)

    private struct Counts {
        var finished = 0
        var failed = 0
        var seen = (finished: 0, at: ContinuousClock.now)
        var rate = 0.0
    }

    /// Counts what is over.
    func note(_ event: PlatformEvent) {
        guard case .reported(_, let report) = event else { return }
        counts.withLock { counts in
            counts.finished += 1
            if report.failure != nil { counts.failed += 1 }
        }
    }

    /// The lines at this moment.
    func lines(_ environments: [EnvironmentReport], connections: Int?) -> [String] {
        let (finished, failed, rate) = counts.withLock { counts in
            let now = ContinuousClock.now
            let seconds = (now - counts.seen.at) / .seconds(1)
            if seconds >= 1 {
                counts.rate = Double(counts.finished - counts.seen.finished) / seconds
                counts.seen = (counts.finished, now)
            }
            return (counts.finished, counts.failed, counts.rate)
        }
        let states = Dictionary(grouping: environments, by: \.state).mapValues(\.count)
        let order = ["starting", "initialising", "running", "idle", "frozen", "stopping"]
        var parts = order.compactMap { state in states[state].map { "\($0) \(state)" } }
        if parts.isEmpty { parts = ["no environment yet"] }
        var summary = parts.joined(separator: ", ")
        summary += " · \(environments.reduce(0) { $0 + $1.inFlight }) in flight"
        summary += " · \(finished) invocations"
        if failed > 0 { summary += terminal.styled(" (\(failed) failed)", .red) }
        summary += " · \(Int(rate.rounded()))/s"
        if let connections { summary += " · \(SizingText.count(connections, "database connection"))" }
        let cells = environments.prefix(24).map {
            terminal.styled("\($0.id)\(Self.glyph($0.state))", Self.style($0.state))
        }
        let more = environments.count > 24 ? " +\(environments.count - 24)" : ""
        return [terminal.styled("─── ", .dim) + summary]
            + (cells.isEmpty ? [] : ["    " + cells.joined(separator: " ") + more])
    }

    private static func glyph(_ state: String) -> String {
        switch state {
        case "running": "●"
        case "idle": "○"
        case "frozen": "❄"
        case "stopping": "✕"
        default: "…"
        }
    }

    private static func style(_ state: String) -> Terminal.Style {
        switch state {
        case "running": .green
        case "frozen": .blue
        case "stopping": .red
        case "idle": .dim
        default: .yellow
        }
    }
}
