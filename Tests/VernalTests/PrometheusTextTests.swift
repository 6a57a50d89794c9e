import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `The statistics as text for Prometheus` {
        @Test func `are true, and every line has the format`() async throws {
            try await withEngine { engine in
                try await engine.execute("SELECT 1")
                try await engine.execute("SELECT 1")
                let lines = engine.statistics.prometheusText.split(separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.last == "", "the last line is ended, too")
                for line in [
                    #"vernal_connections{state="idle"} 1"#, #"vernal_connections{state="active"} 0"#,
                    "vernal_connections_limit 1", "vernal_connects_total 1", "vernal_acquires_total 2",
                    "vernal_acquire_seconds_count 2", "# TYPE vernal_acquire_seconds summary",
                    "# TYPE vernal_connects_total counter",
                ] { #expect(lines.contains(line[...])) }
                let sample = #/vernal_[a-z_]+(\{[a-z]+="[a-z0-9.]+"\})? [0-9.]+(e-?[0-9]+)?/#
                for line in lines.dropLast() where !line.hasPrefix("# HELP ") && !line.hasPrefix("# TYPE ") {
                    #expect(try sample.wholeMatch(in: line) != nil, "\(line)")
                }
            }
        }
    }
}
