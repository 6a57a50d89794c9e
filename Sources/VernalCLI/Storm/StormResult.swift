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
        let refused: Int
        let invocations: Int
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
    let spawnMs: Distribution
    let initMs: Distribution
    let connectMs: Distribution
    let firstRowMs: Distribution
    let latencyMs: Distribution
    let idleInTransactionWhileFrozen: Int
    let perEnvironment: [EnvironmentRow]
}
