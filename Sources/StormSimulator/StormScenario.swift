/// A server, a fleet that wakes, and what each of its environments wants.
public struct StormScenario: Sendable, Codable, Hashable {
    /// A word or two for tables.
    public var name: String
    /// How many environments there are.
    public var environments = 1000
    /// How many callers each environment has at a time.
    public var clientsPerEnvironment = 1
    /// In seconds: the callers of a wave come at random within it.
    public var arrival = 1.0
    /// How many connects a second the server takes, one after the other.
    public var connectRate = 100.0
    /// In seconds: what a connect takes beside the server's work, as round trips do.
    public var latency = 0.0
    /// How many connections may be open; `nil`: any number.
    public var slots: Int?
    /// What a refusal costs the server, as a part of a connect: it has forked and shaken hands by then.
    public var refusalCost = 0.8
    /// In seconds: for how long a caller uses its connection.
    public var work = 0.02
    /// In seconds: how long a caller waits for its connection; `nil`: for ever.
    public var deadline: Double? = 15
    /// How often each environment is invoked; it is frozen in between.
    public var waves = 1
    /// In seconds: from the beginning of one wave to that of the next.
    public var waveInterval = 60.0

    /// A storm of a thousand environments on a server that takes a hundred connects a second.
    public init(_ name: String, _ change: (inout StormScenario) -> Void = { _ in }) {
        self.name = name
        change(&self)
    }

    /// In seconds: how long the server needs for one connect of each environment.
    public var ideal: Double { Double(environments) / connectRate }
}

/// How the environments go about it.
public struct StormPolicy: Sendable, Codable, Hashable {
    /// A word or two for tables.
    public var name: String
    /// How many connections an environment keeps.
    public var poolSize = 1
    /// How many connects at once after a quiet time; `nil`: the size of the pool.
    public var connectBurst: Int?
    /// How many connects a second of one environment in the long run.
    public var connectRate = 5.0
    /// How many connects of one environment may be under way at a time; `nil`: any number.
    public var connectConcurrency: Int?
    /// In seconds: when a connect that is not done is given up and tried again; `nil`: not before the caller's deadline.
    public var attemptTimeout: Double?
    /// In seconds: the longest pause after the first failure.
    public var backoffBase: Double
    /// In seconds: the longest pause of all.
    public var backoffCap: Double
    /// The part of the caller's time that the longest pause after the first refusal is, at the least.
    public var backoffShare: Double
    /// The part of the longest pause after a refusal that is waited for in any case.
    public var backoffSteadyPart: Double
    /// How many refusals are followed by the same pause before it begins to double.
    public var backoffEvenRefusals: Int
    /// How many retries there may be before the first success.
    public var retryQuota: Int
    /// In seconds: the first connect waits for a random part of it.
    public var firstConnectWindow = 0.0
    /// Whether that window is computed from the size of the fleet and the server's rate.
    public var knowsFleet = false
    /// What becomes of the connection in a freeze: `adaptive`, `keep` or `release`.
    public var retention = "adaptive"
    /// The part of the server's rate that a coordinator lets the whole fleet have; `nil`: there is none.
    public var coordinatedShare: Double?

    /// What ships, changed as told.
    public init(_ name: String, _ change: (inout StormPolicy) -> Void = { _ in }) {
        let shipped = ShippedDefaults()
        self.name = name
        connectConcurrency = shipped.connectConcurrency
        backoffBase = shipped.backoffBase
        backoffCap = shipped.backoffCap
        backoffShare = shipped.backoffShare
        backoffSteadyPart = shipped.backoffSteadyPart
        backoffEvenRefusals = shipped.backoffEvenRefusals
        retryQuota = shipped.retryQuota
        change(&self)
    }

    /// What ships.
    public static let shipped = StormPolicy("shipped")

    /// What most pools do: a short time limit for each attempt, another one at once, and the connection is kept.
    public static let naive = StormPolicy("naive") { policy in
        policy.attemptTimeout = 5
        policy.backoffBase = 0
        (policy.backoffShare, policy.backoffEvenRefusals) = (0, 1)
        policy.connectRate = 1e6
        policy.connectBurst = 1_000_000
        policy.connectConcurrency = nil
        policy.retryQuota = 1_000_000
        policy.retention = "keep"
    }
}
