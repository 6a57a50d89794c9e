extension EngineStatistics {
    /// The statistics in the text format of Prometheus, for a path of your choice.
    ///
    /// Reading it opens no connection. Times are in seconds.
    /// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.
    public var prometheusText: String {
        var text = ""
        func add(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP vernal_\(name) \(help)\n# TYPE vernal_\(name) \(type)\n"
            for sample in samples { text += "vernal_\(name)\(sample.labels) \(sample.value)\n" }
        }
        func gauge(_ name: String, _ value: Int, _ help: String) { add(name, "gauge", help, [("", "\(value)")]) }
        func counter(_ name: String, _ value: Int, _ help: String) {
            add(name + "_total", "counter", help, [("", "\(value)")])
        }
        func time(_ name: String, _ timing: Timing, _ help: String) {
            let quantiles = [("0.5", timing.p50Seconds), ("0.95", timing.p95Seconds), ("0.99", timing.p99Seconds)]
            add(
                name + "_seconds",
                "summary",
                help,
                quantiles.map { ("{quantile=\"\($0.0)\"}", "\($0.1)") }
                    + [("_sum", "\(timing.totalSeconds)"), ("_count", "\(timing.count)")]
            )
        }
        gauge("connections_limit", limit, "The most connections that may be open.")
        add(
            "connections",
            "gauge",
            "Connections by what they are doing.",
            [("idle", idle), ("active", active), ("connecting", connecting)].map { ("{state=\"\($0.0)\"}", "\($0.1)") }
        )
        gauge("waiting", waiting, "Callers that wait for a connection.")
        counter("acquires", acquires, "How often a connection was asked for.")
        counter("rejections", rejections, "How often one was refused at once.")
        counter("wait_timeouts", waitTimeouts, "How often a waiter ran out of time.")
        counter("connects", connects, "Connects that were begun.")
        counter("connect_failures", connectFailures, "Connects that failed.")
        counter("throttled", throttled, "How often a connect was put off.")
        counter("leaks", leaks, "Connections that were held for too long.")
        counter("closed", evictions.total, "Connections that were closed.")
        time("acquire", acquireTime, "From asking for a connection to having it.")
        time("use", useTime, "From getting a connection to giving it back.")
        time("connect", connectTime, "From the beginning of a connect to its end.")
        return text
    }
}
