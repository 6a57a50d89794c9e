package import Moments

/// What an operator should hear of a pool.
package enum Alert: Sendable, Hashable, CaseIterable {
    /// Getting a connection takes long.
    case slowAcquire
    /// Nearly all connections are in use all the time, or all are and somebody waits.
    case saturated
    /// Many of the last connects failed.
    case connectFailures
    /// Somebody waited for a connection and got none.
    case exhausted
}

/// An alert that is new, or over.
package struct AlertChange: Sendable, Hashable {
    package let alert: Alert
    package let isRaised: Bool

    package init(alert: Alert, isRaised: Bool) {
        self.alert = alert
        self.isRaised = isRaised
    }
}

/// The numbers from which alerts are raised.
package struct AlertLimits: Sendable, Hashable {
    /// The 95th percentile of the times to get a connection.
    package var acquireP95: Duration = .milliseconds(50)
    /// The part of the connections that may be in use for as long as one likes.
    package var saturation = 0.8
    /// For how long more may be in use.
    package var saturationTime: Duration = .seconds(10)
    /// Of how many of the last connects, at most 64.
    package var connectWindow = 10
    /// How many may fail.
    package var connectFailures = 3
    /// For how long after somebody got no connection.
    package var exhaustionTime: Duration = .seconds(60)

    package init() {}
}

/// A pool at the end of a window of time.
package struct AlertMeasurement: Sendable, Hashable {
    package var now: Moment
    /// Over the window; `nil` if there were none.
    package var acquireP95: Duration?
    /// How many connections are in use.
    package var active: Int
    /// How many may be open.
    package var limit: Int
    package var waiting: Int
    /// Waiters that ran out of time, since the beginning of the pool.
    package var waitTimeouts: Int

    package init(
        now: Moment,
        acquireP95: Duration?,
        active: Int,
        limit: Int,
        waiting: Int,
        waitTimeouts: Int
    ) {
        self.now = now
        self.acquireP95 = acquireP95
        self.active = active
        self.limit = limit
        self.waiting = waiting
        self.waitTimeouts = waitTimeouts
    }
}

/// Which alerts are raised: a value that is told measurements and tells changes, each once.
package struct AlertRules: Sendable, Hashable {
    private let limits: AlertLimits
    /// The alerts that are raised now.
    package private(set) var raised: Set<Alert> = []
    /// The last connects, one bit each, the latest lowest.
    private var failures: UInt64 = 0
    private var busySince: Moment?
    private var waitTimeouts = 0
    private var exhaustedAt: Moment?

    package init(_ limits: AlertLimits = AlertLimits()) {
        self.limits = limits
    }

    /// A connect ended.
    package mutating func connectEnded(failed: Bool) {
        failures = failures << 1 | (failed ? 1 : 0)
    }

    /// A window of time is over.
    ///
    /// - Returns: the alerts that are new or over, in the order of their cases.
    package mutating func measured(_ measurement: AlertMeasurement) -> [AlertChange] {
        note(measurement)
        var changes: [AlertChange] = []
        for alert in Alert.allCases {
            let isRaised = isDue(alert, measurement)
            guard isRaised != raised.contains(alert) else { continue }
            if isRaised { raised.insert(alert) } else { raised.remove(alert) }
            changes.append(AlertChange(alert: alert, isRaised: isRaised))
        }
        return changes
    }

    private mutating func note(_ measurement: AlertMeasurement) {
        let isBusy = Double(measurement.active) >= limits.saturation * Double(max(1, measurement.limit))
        busySince = isBusy ? min(busySince ?? measurement.now, measurement.now) : nil
        if measurement.waitTimeouts > waitTimeouts { exhaustedAt = measurement.now }
        waitTimeouts = measurement.waitTimeouts
    }

    private func isDue(_ alert: Alert, _ measurement: AlertMeasurement) -> Bool {
        switch alert {
        case .slowAcquire:
            // Without any acquire there is nothing new to say.
            return measurement.acquireP95.map { $0 > limits.acquireP95 } ?? raised.contains(.slowAcquire)
        case .saturated:
            // A pool of one is full whenever it is used, so that alone is nothing to be told of.
            if measurement.active >= measurement.limit, measurement.waiting > 0 { return true }
            return busySince.map { measurement.now - $0 >= limits.saturationTime } ?? false
        case .connectFailures:
            let window = min(max(1, limits.connectWindow), 64)
            let last = window == 64 ? failures : failures & (1 << UInt64(window) - 1)
            return last.nonzeroBitCount > limits.connectFailures
        case .exhausted:
            return exhaustedAt.map { measurement.now - $0 < limits.exhaustionTime } ?? false
        }
    }
}
