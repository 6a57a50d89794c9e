import LocalFunctions
import Moments

/// Makes a result of what was taken down.
struct StormEvaluation: Sendable {
    let plan: StormPlan
    let waves: [Storm.Wave]
    let requests: [Storm.Request]
    let samples: [ServerSampler.Sample]
    let recorder: StormRecorder
    let reports: [EnvironmentReport]
    let refusedConnects: Int
    let lone: LoneRun
    /// How long the same waves take on a path that opens no connection, if that was measured.
    let floor: Duration?

    /// How long one environment takes when nobody else is there.
    struct LoneRun: Sendable {
        /// From the request to the answer, cold.
        let cold: Duration
        /// How long the function had the invocation.
        let held: Duration
    }

    var began: Moment { waves.first?.began ?? Moment(ContinuousClock.now) }

    var result: StormResult {
        let rows = environmentRows
        let records = recorder.records
        return StormResult(
            policy: plan.policy.rawValue,
            environments: plan.environments,
            waves: plan.waves,
            invocations: requests.count,
            failed: requests.count { !$0.isSuccess },
            statuses: requests.reduce(into: [:]) { $0["\($1.status)", default: 0] += 1 },
            peakConnections: samples.map(\.connections).max() ?? 0,
            usableSlots: plan.usableSlots,
            refusedConnects: refusedConnects,
            makespanMs: Percentiles.ms(waves.reduce(.zero) { $0 + ($1.ended - $1.began) }),
            idealMs: Percentiles.ms(ideal),
            floorMs: floor.map(Percentiles.ms),
            heldInVainMs: Percentiles.ms(samples.longestHeldInVain(slots: plan.usableSlots)),
            mostConnectsPerSecond: Self.mostPerSecond(records.values.flatMap { $0.measures?.connectTimes ?? [] }),
            spawnMs: .init(rows.compactMap { $0.spawnMs.map(Self.milliseconds) }),
            initMs: .init(rows.compactMap { $0.initMs.map(Self.milliseconds) }),
            connectMs: .init(records.values.compactMap(Self.connect)),
            firstRowMs: .init(records.values.compactMap(Self.firstRow)),
            latencyMs: .init(requests.map(\.latency)),
            idleInTransactionWhileFrozen: samples.filter { $0.frozenEnvironments == plan.environments }
                .map(\.idleInTransaction).max() ?? 0,
            perWave: waves.map(row),
            perEnvironment: rows
        )
    }

    /// With every slot in use all the time: the start once, and then the rounds.
    ///
    /// Where all starts together take longer than one alone, they are no fault of the policy.
    private var ideal: Duration {
        max(lone.cold - lone.held, floor ?? .zero) + lone.held * plan.rounds * plan.waves
    }

    /// The most moments that lie within one second.
    private static func mostPerSecond(_ moments: [Moment]) -> Int {
        let sorted = moments.sorted()
        var first = 0
        var most = 0
        for (index, moment) in sorted.enumerated() {
            while moment - sorted[first] >= .seconds(1) { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    private func row(of wave: Storm.Wave) -> StormResult.WaveRow {
        let own = requests.filter { $0.wave == wave.number }
        return StormResult.WaveRow(
            makespanMs: Percentiles.ms(wave.ended - wave.began),
            latencyMs: .init(own.map(\.latency)),
            failed: own.count { !$0.isSuccess }
        )
    }

    private static func milliseconds(_ number: Double) -> Duration { .microseconds(Int64(number * 1000)) }

    static func connect(_ record: StormRecorder.Record) -> Duration? {
        guard let measures = record.measures, let from = measures.connectTimes.first, let to = measures.firstReadyAt
        else { return nil }
        return to - from
    }

    static func firstRow(_ record: StormRecorder.Record) -> Duration? {
        guard let from = record.invokedAt, let to = record.measures?.firstRowAt else { return nil }
        return to - from
    }

    private var environmentRows: [StormResult.EnvironmentRow] {
        var byEnvironment: [EnvironmentID: [Storm.Request]] = [:]
        for request in requests {
            guard let id = request.requestID.flatMap({ recorder.environment(of: $0) }) else { continue }
            byEnvironment[id, default: []].append(request)
        }
        let reports = Dictionary(reports.map { ($0.id, $0) }) { first, _ in first }
        return recorder.records.sorted { $0.key < $1.key }.map { id, record in
            let own = (byEnvironment[id] ?? []).sorted { $0.began < $1.began }
            let report = reports[id.rawValue]
            return StormResult.EnvironmentRow(
                id: id.rawValue,
                startedMs: record.startedAt.map { Percentiles.ms($0 - began) } ?? 0,
                spawnMs: report?.spawnMs.map { ($0 * 100).rounded() / 100 },
                initMs: report?.initMs.map { ($0 * 100).rounded() / 100 },
                connectMs: Self.connect(record).map(Percentiles.ms),
                firstRowMs: Self.firstRow(record).map(Percentiles.ms),
                answeredMs: own.first.map { Percentiles.ms($0.latency) },
                connects: record.measures?.connectTimes.count ?? 0,
                connectsUnderWay: record.measures?.mostUnderWay ?? 0,
                connectsPerSecond: Self.mostPerSecond(record.measures?.connectTimes ?? []),
                refused: record.measures?.refusals.values.reduce(0, +) ?? 0,
                invocations: own.count,
                failed: own.count { !$0.isSuccess },
                recovered: own.last?.isSuccess ?? false
            )
        }
    }
}
