#if Metrics
internal import Metrics

/// What happens in an engine, as instruments of swift-metrics under the names that OpenTelemetry has for connection pools.
///
/// Source: OpenTelemetry semantic conventions, "Database client metrics", `db.client.connection.*`. Times are in seconds there;
/// swift-metrics keeps timers in nanoseconds, and its backends convert them.
final class EngineMetrics: Sendable {
    private let idle: Meter
    private let used: Meter
    private let limit: Meter
    private let pending: Meter
    private let timeouts: Counter
    private let createTime: Timer
    private let waitTime: Timer
    private let useTime: Timer
    private let failures: Counter

    init(engine: String?) {
        let pool = [("db.client.connection.pool.name", engine ?? "default"), ("db.system.name", "postgresql")]
        func state(_ state: String) -> [(String, String)] { pool + [("db.client.connection.state", state)] }
        idle = Meter(label: "db.client.connection.count", dimensions: state("idle"))
        used = Meter(label: "db.client.connection.count", dimensions: state("used"))
        limit = Meter(label: "db.client.connection.max", dimensions: pool)
        pending = Meter(label: "db.client.connection.pending_requests", dimensions: pool)
        timeouts = Counter(label: "db.client.connection.timeouts", dimensions: pool)
        createTime = Timer(label: "db.client.connection.create_time", dimensions: pool)
        waitTime = Timer(label: "db.client.connection.wait_time", dimensions: pool)
        useTime = Timer(label: "db.client.connection.use_time", dimensions: pool)
        // OpenTelemetry has no name for these.
        failures = Counter(label: "vernal.connect.failures", dimensions: pool)
    }

    func record(_ event: EngineEvent, _ status: EngineStatus) {
        switch event.kind {
        case .connected: record(event.duration, createTime)
        case .connectFailed: failures.increment()
        case .acquired: record(event.duration, waitTime)
        case .acquireFailed where event.error?.code == .poolExhausted || event.error?.code == .timedOut:
            timeouts.increment()
        case .released: record(event.duration, useTime)
        default: break
        }
        idle.set(status.idle)
        used.set(status.active)
        limit.set(status.limit)
        pending.set(status.waiting)
    }

    private func record(_ duration: Duration?, _ timer: Timer) {
        guard let duration else { return }
        timer.recordNanoseconds(Int64(duration.inSeconds * 1e9))
    }
}
#endif
