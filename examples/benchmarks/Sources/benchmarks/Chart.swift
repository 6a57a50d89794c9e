/// The lines of a report as bars: a panel for each benchmark, way and regime, the shorter the better.
struct Chart {
    let svg: String

    private struct Bar {
        var label: String
        var value: Double
        var note: String
        var style: String
    }

    private static let width = 760
    private static let labels = 260
    private static let bars = 310
    private static let rowHeight = 24
    private static let headHeight = 44

    init(_ lines: [ReportLine]) {
        var panels: [(title: String, bars: [Bar])] = []
        for line in lines {
            let (benchmark, contestant) = Self.parts(line.name)
            let title = "\(benchmark), \(Self.words[line.transport] ?? line.transport), \(line.regime) CPU"
            if panels.last?.title != title { panels.append((title, [])) }
            panels[panels.count - 1].bars.append(Self.bar(line, contestant))
        }
        // Alone there is nothing to compare.
        panels.removeAll { $0.bars.count < 2 }
        var body = ""
        var top = 8
        for panel in panels {
            body += Self.text(x: 16, y: top + 26, panel.title, "title")
            let largest = panel.bars.map(\.value).max() ?? 1
            for (row, bar) in panel.bars.enumerated() {
                body += Self.draw(bar, at: top + Self.headHeight + row * Self.rowHeight, largest: largest)
            }
            top += Self.headHeight + panel.bars.count * Self.rowHeight + 8
        }
        svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(top + 8)" \
            width="\(Self.width)" height="\(top + 8)" role="img">
            <style>
            text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
            .title { font-size: 14px; font-weight: 600; }
            .label { text-anchor: end; }
            .ground { fill: #ffffff; }
            .engine { fill: #1a7f64; }
            .c { fill: #8c959f; }
            .peer { fill: #b5c4d4; }
            .own { font-weight: 600; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .ground { fill: #0d1117; }
            .engine { fill: #3fb68f; }
            .c { fill: #6e7681; }
            .peer { fill: #3d5169; }
            }
            </style>
            <rect class="ground" width="100%" height="100%"/>
            \(body)</svg>

            """
    }

    private static let words = ["unix": "Unix socket", "tcp": "TCP", "tls": "TLS", "pgbouncer": "through PgBouncer"]

    /// Times of one call; of many together, the time for one of them.
    private static func bar(_ line: ReportLine, _ contestant: String) -> Bar {
        let microseconds = line.callsPerSecond.map { 1_000_000 / $0 } ?? line.p50us
        let value =
            microseconds < 1000
            ? "\(ReportLine.number(microseconds)) µs" : "\(ReportLine.number(microseconds / 1000)) ms"
        let ratio = line.ratioToC.map { " · \(ReportLine.number($0, digits: 2)) × C" } ?? ""
        let style =
            ProcessPeer.all.contains(contestant)
            ? "peer" : ["C ", "C,", "nothing else"].contains { contestant.hasPrefix($0) } ? "c" : "engine"
        let label = contestant.isEmpty ? "Vernal" : style == "engine" ? "Vernal, \(contestant)" : contestant
        return Bar(label: label, value: microseconds, note: value + ratio, style: style)
    }

    /// The names of the benchmark and of the contestant.
    private static func parts(_ name: String) -> (benchmark: String, contestant: String) {
        guard name.hasSuffix(")"), let open = name.firstRange(of: " (") else { return (name, "") }
        return (String(name[..<open.lowerBound]), String(name[open.upperBound...].dropLast()))
    }

    private static func draw(_ bar: Bar, at top: Int, largest: Double) -> String {
        let length = max(2, Int((bar.value / max(largest, .leastNonzeroMagnitude) * Double(bars)).rounded()))
        let emphasis = bar.style == "engine" ? " own" : ""
        return text(x: labels, y: top + 14, bar.label, "label" + emphasis)
            + "<rect class=\"\(bar.style)\" x=\"\(labels + 10)\" y=\"\(top)\" width=\"\(length)\" height=\"18\" rx=\"2\"/>\n"
            + text(x: labels + 18 + length, y: top + 14, bar.note, emphasis)
    }

    private static func text(x: Int, y: Int, _ text: String, _ style: String) -> String {
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        return "<text x=\"\(x)\" y=\"\(y)\" class=\"\(style)\">\(escaped)</text>\n"
    }
}
