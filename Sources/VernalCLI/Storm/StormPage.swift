import Foundation
import LocalFunctions
import Moments

/// A storm as a page: everything in one file, nothing from the network, no script.
struct StormPage {
    let evaluation: StormEvaluation
    let result: StormResult
    let command: [String]

    var html: String {
        let title = "Storm: \(result.environments) environments, \(result.usableSlots) slots, policy \(result.policy)"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="icon" href="data:,">
            <title>\(HTMLText.escaped(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>\(HTMLText.escaped(title))</h1>
            <p class="sub"><code>\(HTMLText.escaped(command.joined(separator: " ")))</code> asked for \
            <code>\(HTMLText.escaped(evaluation.plan.path))</code>, \(result.waves == 1 ? "one wave" : "\(result.waves) waves")</p>
            \(tiles)
            <section><h2>Connections at the server</h2>
            \(Self.key([("all", "open"), ("active", "in a statement"), ("limit", "usable slots")]))
            \(connections)</section>
            <section><h2>Time to the answer</h2>
            \(Self.key([("ok", "answered"), ("bad", "failed")]))
            \(latencies)</section>
            <section><h2>Each environment</h2>
            \(Self.key([("start", "starting"), ("wait", "invoked"), ("connect", "connecting"), ("work", "connected")]))
            \(timeline)</section>
            <section><h2>In numbers</h2><div class="scroll">\(distributions)</div>
            <div class="scroll">\(table)</div></section>
            </main>
            </body>
            </html>
            """
    }

    /// What the colours mean.
    private static func key(_ entries: [(style: String, name: String)]) -> String {
        let spans = entries.map { #"<span><span class="swatch \#($0.style)"></span>\#($0.name)</span>"# }
        return #"<p class="key">"# + spans.joined(separator: " ") + "</p>"
    }

    // MARK: Numbers

    private var tiles: String {
        let values: [(id: String, name: String, value: String, isBad: Bool)] = [
            ("invocations", "invocations", "\(result.invocations)", false),
            ("failed", "failed", "\(result.failed)", result.failed > 0),
            ("peakConnections", "connections at most", "\(result.peakConnections)", false),
            ("refusedConnects", "connects refused", "\(result.refusedConnects)", result.refusedConnects > 0),
            ("makespanMs", "ms until all had an answer", "\(result.makespanMs)", false),
            ("idealMs", "ms if no slot ever rested", "\(result.idealMs)", false),
        ]
        return #"<dl class="tiles">"#
            + values.map { tile in
                #"<div class="tile\#(tile.isBad ? " bad" : "")"><dt>\#(tile.name)</dt><dd id="\#(tile.id)">\#(tile.value)</dd></div>"#
            }.joined() + "</dl>"
    }

    private var distributions: String {
        let rows: [(String, StormResult.Distribution)] = [
            ("spawn", result.spawnMs), ("init", result.initMs), ("connect", result.connectMs),
            ("first row", result.firstRowMs), ("answer", result.latencyMs),
        ]
        let body = rows.map { name, values in
            "<tr><th>\(name)</th>" + [values.p50, values.p90, values.p99, values.max].map { "<td>\($0)</td>" }.joined()
                + "</tr>"
        }.joined()
        return
            #"<table id="distributions"><tr><th>ms</th><th>p50</th><th>p90</th><th>p99</th><th>max</th></tr>\#(body)</table>"#
    }

    private var table: String {
        let heading = [
            "env", "started", "spawn", "init", "connect", "first row", "answer", "connects", "refused", "failed",
        ]
        let rows = result.perEnvironment.map { row in
            let cells = [
                "\(row.id)", "\(row.startedMs)", Self.text(row.spawnMs), Self.text(row.initMs),
                Self.text(row.connectMs),
                Self.text(row.firstRowMs), Self.text(row.answeredMs), "\(row.connects)", "\(row.refused)",
                "\(row.failed)",
            ]
            return "<tr>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        return #"<table id="environments"><tr>"# + heading.map { "<th>\($0)</th>" }.joined() + "</tr>" + rows.joined()
            + "</table>"
    }

    private static func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "–" }

    // MARK: Pictures

    private func milliseconds(_ moment: Moment) -> Double { Percentiles.ms(moment - evaluation.began) }

    private var end: Double { evaluation.waves.last.map { milliseconds($0.ended) } ?? 1 }

    private var connections: String {
        let samples = evaluation.samples.map { (at: milliseconds($0.at), sample: $0) }.filter {
            $0.at >= 0 && $0.at <= end
        }
        let high = Double(max(result.peakConnections, result.usableSlots)) * 1.2
        var plot = SVGPlot(xMaximum: end, yMaximum: high)
        for wave in evaluation.waves.dropFirst() {
            let position = (plot.x(milliseconds(wave.began)) * 10).rounded() / 10
            plot.add(
                #"<line class="wave" x1="\#(position)" x2="\#(position)" y1="\#(plot.top)" y2="\#(plot.height - plot.bottom)"/>"#
            )
        }
        plot.steps(samples.map { (x: $0.at, y: Double($0.sample.connections)) }, style: "area", isFilled: true)
        plot.steps(samples.map { (x: $0.at, y: Double($0.sample.connections)) }, style: "all")
        plot.steps(samples.map { (x: $0.at, y: Double($0.sample.active)) }, style: "active")
        plot.level(Double(result.usableSlots), "\(result.usableSlots) usable slots", style: "limit")
        return plot.svg(title: "Connections over time", xName: "ms since the first request")
    }

    private var latencies: String {
        let times = evaluation.requests.map { (ms: Percentiles.ms($0.latency), isSuccess: $0.isSuccess) }
        let longest = max(times.map(\.ms).max() ?? 1, 1)
        let bins = 40
        var counts = [(ok: Int, bad: Int)](repeating: (0, 0), count: bins)
        for time in times {
            let bin = min(bins - 1, Int(time.ms / longest * Double(bins)))
            if time.isSuccess { counts[bin].ok += 1 } else { counts[bin].bad += 1 }
        }
        let high = Double(counts.map { $0.ok + $0.bad }.max() ?? 1) * 1.08
        var plot = SVGPlot(height: 200, xMaximum: longest, yMaximum: high)
        for (bin, count) in counts.enumerated() where count.ok + count.bad > 0 {
            let from = longest / Double(bins) * (Double(bin) + 0.06)
            let to = longest / Double(bins) * (Double(bin) + 0.94)
            let title = "\(Int(from)) to \(Int(to)) ms: \(count.ok) answered, \(count.bad) failed"
            if count.ok > 0 {
                plot.rectangle(from: (from, 0), to: (to, Double(count.ok)), style: "ok", title: title)
            }
            if count.bad > 0 {
                plot.rectangle(
                    from: (from, Double(count.ok)),
                    to: (to, Double(count.ok + count.bad)),
                    style: "bad",
                    title: title
                )
            }
        }
        return plot.svg(title: "Distribution of the times to the answer", xName: "ms from request to answer")
    }

    /// The first wave, one row for each environment.
    private var timeline: String {
        let records = evaluation.recorder.records.sorted { $0.key < $1.key }
        let ended = Dictionary(result.perEnvironment.map { ($0.id, $0) }) { first, _ in first }
        let first = evaluation.waves.first.map { milliseconds($0.ended) } ?? 1
        let rowHeight = max(3.0, min(12.0, 480.0 / Double(max(records.count, 1))))
        var plot = SVGPlot(
            height: Double(records.count) * rowHeight + 58,
            xMaximum: first,
            yMaximum: Double(records.count)
        )
        for (index, (id, record)) in records.enumerated() {
            let (low, high) = (Double(records.count - index) - 0.9, Double(records.count - index) - 0.1)
            let row = ended[id.rawValue]
            func bar(_ from: Moment?, _ to: Moment?, _ style: String, _ name: String) {
                guard let from, let to, to > from, milliseconds(from) <= first else { return }
                plot.rectangle(
                    from: (milliseconds(from), low),
                    to: (min(milliseconds(to), first), high),
                    style: style,
                    title: "environment \(id): \(name) \(Percentiles.ms(to - from)) ms"
                )
            }
            let answered = row?.answeredMs.map { evaluation.began + .microseconds(Int64($0 * 1000)) }
            let measures = record.measures
            bar(record.startedAt, record.invokedAt, "start", "starting")
            bar(record.invokedAt, measures?.connectTimes.first ?? answered, "wait", "invoked, not connecting")
            bar(measures?.connectTimes.first, measures?.firstReadyAt ?? answered, "connect", "connecting")
            bar(measures?.firstReadyAt, answered, "work", "connected")
        }
        return plot.svg(
            title: "The first wave, environment by environment",
            xName: "ms since the first request",
            hasYAxis: false
        )
    }
}

extension StormPage {
    fileprivate static let style = """
        :root{--ground:#fbfaf7;--card:#fff;--ink:#1d2521;--soft:#5d6a63;--line:#dcdfd8;--grid:#ebede7;--water:#2f7f86;\
        --area:#2f7f8626;--leaf:#6a9a3b;--bad:#c2452d;--earth:#b58a4a;--mist:#c9d3cf;--sky:#5b8fd0}
        @media(prefers-color-scheme:dark){:root{--ground:#141917;--card:#1c2320;--ink:#e6ebe7;--soft:#9caaa2;\
        --line:#333d38;--grid:#28312d;--water:#5fb9c0;--area:#5fb9c02b;--leaf:#9cc86a;--bad:#f0795f;--earth:#d9b06f;\
        --mist:#4a5650;--sky:#86b3ec}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:860px;margin:0 auto;padding:24px 16px 48px}
        h1{font-size:1.45rem;line-height:1.25;margin:0 0 4px;text-wrap:balance}
        h2{font-size:1.05rem;margin:0 0 2px}
        .sub,.key{color:var(--soft);margin:0 0 12px;font-size:.9rem;overflow-wrap:anywhere}
        code{font-size:.92em}
        section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;margin:16px 0}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:10px;margin:18px 0}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 12px;display:flex;\
        flex-direction:column-reverse;justify-content:flex-end}
        .tile dt{color:var(--soft);font-size:.8rem;line-height:1.3}
        .tile dd{margin:0;font-size:1.4rem;font-weight:650;font-variant-numeric:tabular-nums}
        .tile.bad dd{color:var(--bad)}
        svg{display:block;width:100%;height:auto}
        svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
        @media(max-width:520px){svg text{font-size:20px}section{padding:12px 10px}}
        .grid{stroke:var(--grid)}
        path{fill:none;stroke-width:2;stroke-linejoin:round}
        path.all{stroke:var(--water)}path.active{stroke:var(--leaf);stroke-width:1.5}
        path.area{fill:var(--area);stroke:none}
        line.limit{stroke:var(--bad);stroke-dasharray:6 4}
        line.wave{stroke:var(--soft);stroke-dasharray:2 4}
        rect.ok{fill:var(--water)}rect.bad{fill:var(--bad)}
        rect.start{fill:var(--earth)}rect.wait{fill:var(--mist)}rect.connect{fill:var(--sky)}rect.work{fill:var(--leaf)}
        .key>span{display:inline-block;margin-right:.8em}
        .swatch{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}
        .swatch.all,.swatch.ok{background:var(--water)}.swatch.active,.swatch.work{background:var(--leaf)}
        .swatch.limit,.swatch.bad{background:var(--bad)}.swatch.start{background:var(--earth)}
        .swatch.wait{background:var(--mist)}.swatch.connect{background:var(--sky)}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem;margin:6px 0 14px;width:100%}
        th,td{text-align:right;padding:4px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
        th{color:var(--soft);font-weight:500}
        """
}
