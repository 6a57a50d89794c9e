import ArgumentParser
import Foundation
import LocalFunctions

/// How what happens is written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Makes lines of what happens.
struct EventFormatter: Sendable {
    let format: LogFormat
    let terminal: Terminal
    /// Whether START, END and REPORT lines are wanted.
    let reports: Bool

    /// The lines of an event; none for one that nobody wants to see.
    func lines(for event: PlatformEvent, at time: Date = Date()) -> [String] {
        format == .json ? json(event, time).map { [$0] } ?? [] : text(event)
    }

    private func text(_ event: PlatformEvent) -> [String] {
        switch event {
        case .line(let id, let line): ["\(prefix(id))\(line)"]
        case .started(let id, let invocation):
            reports ? [prefix(id) + terminal.styled("START RequestId: \(invocation) Version: $LATEST", .dim)] : []
        case .reported(let id, let report):
            reports
                ? [
                    prefix(id) + terminal.styled("END RequestId: \(report.invocation)", .dim),
                    prefix(id) + terminal.styled(report.line, report.failure == nil ? .dim : .red),
                ] : []
        case .notice(let id, let text):
            [(id.map(prefix) ?? "") + terminal.styled(text, .yellow)]
        case .environment(let id, let phase):
            switch phase {
            case .starting: [prefix(id) + terminal.styled("starting", .green)]
            case .frozen: [prefix(id) + terminal.styled("frozen", .blue)]
            case .gone: [prefix(id) + terminal.styled("ended", .dim)]
            case .initialising, .idle, .running, .stopping: []
            }
        }
    }

    private static let styles: [Terminal.Style] = [.cyan, .green, .blue, .yellow]

    private func prefix(_ id: EnvironmentID) -> String {
        terminal.styled("[\(id)]", Self.styles[id.rawValue % Self.styles.count]) + " "
    }

    private func json(_ event: PlatformEvent, _ time: Date) -> String? {
        var json = JSONText()
        json.object {
            $0.field("time", time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            switch event {
            case .line(let id, let line):
                $0.field("type", "function")
                $0.field("environment", id.rawValue)
                $0.field("record", line)
            case .started(let id, let invocation):
                $0.field("type", "platform.start")
                $0.field("environment", id.rawValue)
                $0.field("record") { $0.field("requestId", invocation.rawValue) }
            case .reported(let id, let report):
                $0.field("type", "platform.report")
                $0.field("environment", id.rawValue)
                $0.field("record") { Self.report(report, &$0) }
            case .notice(let id, let text):
                $0.field("type", "platform.notice")
                if let id { $0.field("environment", id.rawValue) }
                $0.field("record", text)
            case .environment(let id, let phase):
                $0.field("type", "platform.environment")
                $0.field("environment", id.rawValue)
                $0.field("record", phase.rawValue)
            }
        }
        return json.text
    }

    private static func report(_ report: InvocationReport, _ json: inout JSONText) {
        json.field("requestId", report.invocation.rawValue)
        json.field("status", report.failure.map(\.errorType) ?? "success")
        json.field("metrics") {
            $0.field("durationMs", raw: report.duration.milliseconds.utf8)
            if let initDuration = report.initDuration {
                $0.field("initDurationMs", raw: initDuration.milliseconds.utf8)
            }
            $0.field("memorySizeMB", report.memorySize)
            if let memory = report.maxMemory { $0.field("maxMemoryUsedMB", (memory + 1_048_575) / 1_048_576) }
        }
    }
}
