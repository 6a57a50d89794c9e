internal import LibpqIO
internal import Moments
internal import PoolCore

/// What a pool keeps an eye on beside its work: who holds connections for how long, and whether an alert is due.
///
/// It is looked at when connections come and go, so it needs no timer; and not at each of them, so it costs nothing.
struct PoolWatch: ~Copyable, Sendable {
    private struct Place: Sendable {
        /// Who has the connection.
        var borrower: Borrower?
        /// How the connection can be ended from outside.
        var lifeline: Lifeline?
    }

    /// By the slots of the connections.
    private var places = UniqueArray<Place>()
    private var alerts: AlertRules
    private var nextAlertLook: Moment?
    private var nextLeakLook: Moment?
    private let leakThreshold: Duration?

    private let alertInterval: Duration
    /// How long acquires had taken at the last look.
    private var acquiresSeen = DurationHistogram()

    init(_ configuration: EngineConfiguration) {
        leakThreshold = configuration.leakThreshold
        alertInterval = configuration.alertThresholds.interval
        alerts = AlertRules(configuration.alertThresholds.limits)
    }

    mutating func lent(_ slot: Int, to borrower: Borrower) {
        grow(to: slot)
        places[slot].borrower = borrower
    }

    /// The connection has come back; whoever is handed it says so when he wakes.
    mutating func returned(_ slot: Int) {
        places[slot].borrower = nil
    }

    mutating func opened(_ slot: Int, _ lifeline: Lifeline) {
        grow(to: slot)
        places[slot].lifeline = lifeline
    }

    private mutating func grow(to slot: Int) {
        while places.count <= slot { places.append(Place()) }
    }

    func borrower(of connection: ConnectionID) -> Borrower? {
        connection.slot < places.count ? places[connection.slot].borrower : nil
    }

    /// How many connections a task has, at the most: of some the connect may have failed.
    func leases(of task: Int) -> Int {
        var leases = 0
        for slot in 0..<places.count where places[slot].borrower?.task == task { leases += 1 }
        return leases
    }

    func lifeline(of connection: ConnectionID) -> Lifeline? {
        connection.slot < places.count ? places[connection.slot].lifeline : nil
    }

    mutating func connectEnded(failed: Bool) {
        alerts.connectEnded(failed: failed)
    }

    /// Whether it is time to look around.
    ///
    /// It changes nothing; but a value of this size would be copied to be asked.
    mutating func isDue(_ now: Moment) -> Bool {
        if nextAlertLook.map({ $0 <= now }) ?? true { return true }
        return leakThreshold != nil && (nextLeakLook.map { $0 <= now } ?? true)
    }

    /// The leases that have lasted too long, if it is time to look.
    mutating func overdueLeases(_ state: inout PoolState, now: Moment) -> [ConnectionID] {
        guard let leakThreshold else { return [] }
        if let nextLeakLook, now < nextLeakLook { return [] }
        // Often enough to be told while it still helps, seldom enough to cost nothing.
        nextLeakLook = now + min(leakThreshold / 4, .seconds(1))
        return state.overdueLeases(now: now, threshold: leakThreshold)
    }

    /// The alerts that are new or over, if it is time to look.
    mutating func alertChanges(_ state: PoolState, now: Moment) -> [AlertChange] {
        if let nextAlertLook, now < nextAlertLook { return [] }
        let isFirstLook = nextAlertLook == nil
        nextAlertLook = now + alertInterval
        // A window has to have a beginning.
        guard !isFirstLook else { return [] }
        let snapshot = state.snapshot
        let recent = snapshot.timings.acquire.since(acquiresSeen)
        acquiresSeen = snapshot.timings.acquire
        return alerts.measured(
            AlertMeasurement(
                now: now,
                acquireP95: recent.count == 0 ? nil : recent.percentile(0.95),
                active: snapshot.counts.leased,
                limit: snapshot.maxOpen,
                waiting: snapshot.waiting,
                waitTimeouts: snapshot.counters.waitTimeouts
            )
        )
    }
}
