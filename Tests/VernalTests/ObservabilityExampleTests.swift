import Foundation
import Testing
import Vernal

/// The dashboard and the alert rules of `examples/observability`, against the names that the engine really has.
@Suite struct `The example for watching` {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples/observability")

    /// What is no metric in an expression: functions, aggregations and their words, and Grafana's variables.
    private static let words: Set<String> = [
        "sum", "max", "by", "rate", "increase", "and", "histogram_quantile", "__rate_interval", "label_values",
    ]

    private static func expressions(_ file: String) throws -> [String] {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        return text.matches(of: #/(?m)^\s+expr: (.+)$/#).map { String($0.output.1) }
    }

    /// The metrics of an expression with their labels, and the labels by which it groups.
    private static func names(in expression: String) -> (metrics: Set<String>, labels: Set<String>) {
        var labels: Set<String> = []
        for selector in expression.matches(of: #/\{([^}]*)\}/#) {
            for label in selector.output.1.matches(of: #/([a-z_]+)\s*(=|!=|=~|!~)\s*"/#) {
                labels.insert(String(label.output.1))
            }
        }
        for group in expression.matches(of: #/by \(([^)]*)\)/#) {
            for label in group.output.1.split(separator: ",") {
                labels.insert(label.trimmingCharacters(in: .whitespaces))
            }
        }
        let bare = expression.replacing(#/\{[^}]*\}/#, with: "").replacing(#/by \([^)]*\)/#, with: "")
            .replacing(#/\[[^\]]*\]/#, with: "").replacing(#/, pool\)/#, with: ")")
        let found = bare.matches(of: #/[a-zA-Z_][a-zA-Z0-9_]*/#).map { String($0.output) }
        return (Set(found).subtracting(words), labels)
    }

    /// The names of all samples, and of all labels, that the engine prints.
    private static var printed: (metrics: Set<String>, labels: Set<String>) {
        let text = Engine(configuration: EngineConfiguration()).statistics.prometheusText(pool: "p")
        var (metrics, labels): (Set<String>, Set<String>) = ([], [])
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            metrics.insert(String(line.prefix { $0 != "{" }))
            for label in line.matches(of: #/([a-z_]+)="/#) { labels.insert(String(label.output.1)) }
        }
        return (metrics, labels)
    }

    @Test func `asks only for what the engine prints`() throws {
        let rules = try Self.expressions("prometheus-rules.yml")
        #expect(rules.count == 6)
        let dashboard = try JSONSerialization.jsonObject(
            with: Data(contentsOf: Self.folder.appending(path: "grafana-dashboard.json"))
        )
        let panels = Self.texts(in: dashboard, under: ["expr", "query"]).filter { $0 != "prometheus" }
        #expect(panels.count > 15)
        let printed = Self.printed
        #expect(printed.metrics.count > 20)
        for expression in rules + panels {
            let (metrics, labels) = Self.names(in: expression)
            #expect(!metrics.isEmpty, "\(expression)")
            #expect(metrics.subtracting(printed.metrics) == [], "\(expression)")
            // Prometheus itself adds who was asked.
            #expect(labels.subtracting(printed.labels).subtracting(["instance"]) == [], "\(expression)")
        }
    }

    private static func texts(in json: Any, under keys: Set<String>) -> [String] {
        if let list = json as? [Any] { return list.flatMap { texts(in: $0, under: keys) } }
        guard let object = json as? [String: Any] else { return [] }
        return object.flatMap { key, value in
            if keys.contains(key), let text = value as? String { return [text] }
            return texts(in: value, under: keys)
        }
    }

    @Test func `would notice a name that is none`() {
        let (metrics, labels) = Self.names(in: #"sum by (pond) (rate(vernal_ducks_total{state="wet"}[5m])) > 0.5"#)
        #expect(metrics == ["vernal_ducks_total"])
        #expect(labels == ["pond", "state"])
        #expect(!Self.printed.metrics.contains("vernal_ducks_total"))
    }

    @Test func `alerts by the thresholds by which the engine warns`() throws {
        let thresholds = AlertThresholds()
        for file in ["prometheus-rules.yml", "swift-metrics-rules.yml"] {
            let rules = try Self.expressions(file)
            #expect(rules.contains { $0.contains(#"="used"}"#) && $0.hasSuffix(">= \(thresholds.saturation)") })
            let part = Double(thresholds.connectFailures) / Double(thresholds.connectWindow)
            #expect(rules.contains { $0.contains("> \(part)") && $0.hasSuffix("> \(thresholds.connectFailures)") })
            // A twentieth is what a 95th percentile leaves; and 50 ms are 0.05 s.
            #expect(rules.contains { $0.hasSuffix("> 0.05") })
        }
        #expect(thresholds.acquireP95 == .milliseconds(50))
    }
}

extension `The example for watching` {
    @Test func `knows the instruments of swift-metrics by their names with underscores`() throws {
        let rules = try Self.expressions("swift-metrics-rules.yml")
        #expect(rules.count == 4)
        let source = try String(
            contentsOf: Self.folder.deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Sources/Vernal/Observability/EngineMetrics.swift"),
            encoding: .utf8
        )
        let quoted = Set(
            source.matches(of: #/"((db|vernal)\.[a-z_.]+)"/#).map { String($0.output.1).replacing(".", with: "_") }
        )
        #expect(quoted.count > 8)
        for expression in rules {
            let (metrics, labels) = Self.names(in: expression)
            #expect(!metrics.isEmpty)
            for metric in metrics {
                let name = metric.replacing(#/_(bucket|sum)$/#, with: "")
                let isKnown = quoted.contains(name) || quoted.contains(name.replacing(#/_count$/#, with: ""))
                #expect(isKnown, "\(metric)")
            }
            #expect(labels.subtracting(quoted).subtracting(["instance", "le"]) == [], "\(expression)")
        }
    }
}
