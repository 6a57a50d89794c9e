import LocalFunctions

/// What came of a storm: what `vernal storm --json` prints.
struct StormResult: Sendable, Encodable {
    /// The distribution of some durations, in milliseconds.
    struct Distribution: Sendable, Encodable {
        let p50: Double
        let p90: Double
        let p99: Double
        let max: Double

        init(_ durations: some Sequence<Duration>) {
            let sorted = Percentiles(durations)
            (p50, p90, p99, max) = (sorted[ms: 50], sorted[ms: 90], sorted[ms: 99], sorted[ms: 100])
        }
    }

    /// One environment, in milliseconds.
    struct EnvironmentRow: Sendable, Encodable {
        let id: Int
        /// From the beginning of the storm.
        let startedMs: Double
        let spawnMs: Double?
        let initMs: Double?
        /// From the first connect to the first that the server was ready on: retries and waits among it.
        let connectMs: Double?
        /// From the invocation's start.
        let firstRowMs: Double?
        /// The first answer, from the request on.
        let answeredMs: Double?
        let connects: Int
        /// The most connects that were under way at a time.
        let connectsUnderWay: Int
        /// The most connects within a second.
        let connectsPerSecond: Int
        let refused: Int
        let invocations: Int
        let failed: Int
        /// Whether its last invocation was none of those.
        let recovered: Bool
    }

    /// One wave.
    struct WaveRow: Sendable, Encodable {
        let makespanMs: Double
        let latencyMs: Distribution
        let failed: Int
    }

    let policy: String
    let environments: Int
    let waves: Int
    let invocations: Int
    let failed: Int
    let statuses: [String: Int]
    let peakConnections: Int
    let usableSlots: Int
    let refusedConnects: Int
    let makespanMs: Double
    let idealMs: Double
    /// What the same waves take on a path that opens no connection (`--floor`).
    let floorMs: Double?
    /// The longest time in which all slots were taken, one of them by a frozen environment, while another had been refused for more
    /// than 100 ms.
    let heldInVainMs: Double
    /// The most connects within a second, of all environments together.
    let mostConnectsPerSecond: Int
    let spawnMs: Distribution
    let initMs: Distribution
    let connectMs: Distribution
    let firstRowMs: Distribution
    let latencyMs: Distribution
    let idleInTransactionWhileFrozen: Int
    let perWave: [WaveRow]
    let perEnvironment: [EnvironmentRow]
}
