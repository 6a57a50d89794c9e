internal import Moments
internal import PoolCore

/// A storm in virtual time: the same seed gives the same storm on every machine.
///
/// Each environment has a `PoolState` and the other values of the pool's core as they ship, and does what they say; only the
/// server, the callers and the clock are made up. So what is found here is found about the code that runs.
public struct StormSimulation {
    enum Event {
        case arrive(environment: Int, wave: Int)
        case acquire(client: Int)
        case send(Attempt)
        case served
        case answered(Attempt)
        case timeOut(Attempt, drive: Int)
        case ask(client: Int, WaiterID)
        case deadline(client: Int)
        case workDone(client: Int, ConnectionID)
    }

    struct Environment {
        var pool: PoolState
        var patience: ConnectPatience
        var retention: RetentionRule
        /// The attempts of the connections that are open or half-open, by slot.
        var attempts: [Int: Attempt] = [:]
        var waiters: [WaiterID: Int] = [:]
        var active = 0
        var hasConnected = false
        var lastActive: Int64?
    }

    struct Client {
        let environment: Int
        let arrival: Int64
        let deadline: Int64
        var failures = 0
        var waiter: WaiterID?
        var isDone = false
        var isServed = false
    }

    let scenario: StormScenario
    let policy: StormPolicy
    var dice: Dice
    var now: Int64 = 0
    var events = EventHeap<Event>()
    var server: SimulatedServer
    var environments: [Environment]
    var clients: [Client] = []
    var coordinator: CellRate?
    var result: StormResult
    var waits: [Int64] = []

    /// Prepares a storm.
    ///
    /// - Parameters:
    ///   - scenario: The server and the fleet.
    ///   - policy: How the environments go about it.
    ///   - seed: Of all that is random.
    public init(_ scenario: StormScenario, _ policy: StormPolicy, seed: UInt64) {
        self.scenario = scenario
        self.policy = policy
        dice = Dice(seed: seed)
        server = SimulatedServer(scenario)
        let environment = Environment(
            pool: PoolState(policy.poolLimits),
            patience: ConnectPatience(policy.patienceLimits),
            retention: RetentionRule(policy.retentionLimits)
        )
        environments = Array(repeating: environment, count: scenario.environments)
        coordinator = policy.coordinatedShare.map {
            CellRate(rate: $0 * scenario.connectRate, burst: 10)
        }
        result = StormResult(scenario: scenario.name, policy: policy.name, environments: scenario.environments)
    }

    /// Plays the storm to its end.
    public consuming func run() -> StormResult {
        for wave in 0..<scenario.waves {
            for environment in 0..<scenario.environments {
                let time = Double(wave) * scenario.waveInterval + dice.roll() * scenario.arrival
                events.add(.arrive(environment: environment, wave: wave), at: nanoseconds(time))
            }
        }
        while let (time, event) = events.next() {
            now = time
            handle(event)
        }
        releasePermits()
        waits.sort()
        result.p50 = wait(at: 0.5)
        result.p99 = wait(at: 0.99)
        result.peakConnections = server.peakUsed
        result.peakQueue = Double(server.peakQueue) / scenario.connectRate
        return result
    }

    var moment: Moment { Moment(sinceBoot: .nanoseconds(now)) }

    func nanoseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    func nanoseconds(_ moment: Moment) -> Int64 { Int64(moment.sinceBoot / .nanoseconds(1)) }

    private func wait(at part: Double) -> Double {
        guard !waits.isEmpty else { return 0 }
        return Double(waits[min(waits.count - 1, Int(Double(waits.count) * part))]) / 1e9
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .arrive(let environment, _): arrive(environment)
        case .acquire(let client): acquire(client)
        case .send(let attempt): send(attempt)
        case .served: served()
        case .answered(let attempt): answered(attempt)
        case .timeOut(let attempt, let drive): timeOut(attempt, drive: drive)
        case .ask(let client, let waiter): ask(client, waiter)
        case .deadline(let client): deadlinePassed(client)
        case .workDone(let client, let connection): workDone(client, connection)
        }
    }

    /// Attempts that nobody will ever drive give their permits back, as every permit has to be.
    private mutating func releasePermits() {
        for index in environments.indices {
            for attempt in environments[index].attempts.values {
                guard let permit = attempt.takePermit() else { continue }
                _ = environments[index].pool.connectFailed(permit, isDefinite: false)
            }
        }
    }
}
