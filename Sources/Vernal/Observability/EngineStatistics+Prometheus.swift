internal import PoolCore

extension EngineStatistics {
    /// The numbers in the text format of Prometheus, under names made of those that OpenTelemetry has for connection pools.
    ///
    /// - Parameter pool: The name of the pool in the label `pool`.
    /// - Returns: lines that end with a newline; times are in seconds.
    public func prometheusText(pool: String = "default") -> String {
        let label = "pool=\"\(Self.escaped(pool))\""
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples {
                let labels = sample.labels.isEmpty ? label : "\(label),\(sample.labels)"
                text += "\(name){\(labels)} \(sample.value)\n"
            }
        }
        func gauge(_ name: String, _ help: String, _ value: Int) { family(name, "gauge", help, [("", "\(value)")]) }
        func counter(_ name: String, _ help: String, _ value: Int) {
            family("\(name)_total", "counter", help, [("", "\(value)")])
        }
        family(
            "db_client_connection_count",
            "gauge",
            "Connections by what they do.",
            [("state=\"idle\"", "\(idle)"), ("state=\"used\"", "\(active)"), ("state=\"connecting\"", "\(connecting)")]
        )
        gauge("db_client_connection_max", "The most connections that may be open.", limit)
        gauge("db_client_connection_pending_requests", "Callers that wait for a connection.", waiting)
        counter("db_client_connection_timeouts", "Callers that got no connection in time.", waitTimeouts)
        counter("vernal_acquires", "Connections that were asked for.", acquires)
        counter("vernal_slow_acquires", "Connections that took more than 50 ms to get.", slowAcquires)
        counter("vernal_rejections", "Callers that were refused at once.", rejections)
        counter("vernal_connects", "Connects that were begun.", connects)
        counter("vernal_connect_failures", "Connects that failed.", connectFailures)
        counter("vernal_throttled", "Connects that were put off.", throttled)
        counter("vernal_breaker_openings", "How often connects were given up for a while.", breakerOpenings)
        counter("vernal_leaks", "Connections that were held for too long.", leaks)
        let reasons: [(String, Int)] = [
            ("lifetime", evictions.lifetime), ("idle", evictions.idle), ("half_open", evictions.halfOpen),
            ("max_uses", evictions.maxUses), ("invalidated", evictions.invalidated), ("overflow", evictions.overflow),
            ("broken", evictions.broken), ("unpooled", evictions.unpooled), ("released", evictions.released),
        ]
        family(
            "vernal_evictions_total",
            "counter",
            "Connections that were closed, by the reason.",
            reasons.map { ("reason=\"\($0)\"", "\($1)") }
        )
        let timings: [(String, String, Timing)] = [
            ("db_client_connection_wait_time_seconds", "From asking for a connection to having it.", acquireTime),
            ("db_client_connection_use_time_seconds", "From getting a connection to giving it back.", useTime),
            ("db_client_connection_create_time_seconds", "From the beginning of a connect to its end.", connectTime),
        ]
        for (name, help, timing) in timings {
            let parts = [("0.5", timing.p50Seconds), ("0.95", timing.p95Seconds), ("0.99", timing.p99Seconds)]
            family(name, "summary", help, parts.map { ("quantile=\"\($0)\"", "\($1)") })
            text += "\(name)_sum{\(label)} \(timing.totalSeconds)\n\(name)_count{\(label)} \(timing.count)\n"
        }
        return text
    }

    /// A text as it stands in a label: backslashes, quotes and line ends are escaped.
    private static func escaped(_ text: String) -> String {
        text.escaping { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: nil
            }
        }
    }
}
