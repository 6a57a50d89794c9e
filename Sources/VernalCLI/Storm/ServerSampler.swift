import LocalFunctions
import Moments
import Synchronization
import Vernal

/// Looks at the server during a storm, over a connection of its own.
final class ServerSampler: Sendable {
    /// The server at one moment.
    struct Sample: Sendable {
        let at: Moment
        let connections: Int
        let active: Int
        let idleInTransaction: Int
        let frozenEnvironments: Int
    }

    private let samples = Mutex<[Sample]>([])
    private let database: FunctionDatabase
    private let recorder: StormRecorder
    /// Often enough to see a peak that lasts as long as a connect.
    private static let interval = Duration.milliseconds(10)

    init(_ database: FunctionDatabase, _ recorder: StormRecorder) {
        self.database = database
        self.recorder = recorder
    }

    /// Looks until the task is cancelled.
    func run() async {
        guard let monitor = database.monitor else { return }
        let pattern = database.namePrefix + "%"
        while !Task.isCancelled {
            let row = try? await monitor.query(
                """
                SELECT count(*), count(*) FILTER (WHERE state = 'active'),
                       count(*) FILTER (WHERE state LIKE 'idle in transaction%')
                FROM pg_stat_activity WHERE application_name LIKE \(pattern)
                """
            ).single().decode((Int, Int, Int).self)
            if let row {
                let sample = Sample(
                    at: Moment(ContinuousClock.now),
                    connections: row.0,
                    active: row.1,
                    idleInTransaction: row.2,
                    frozenEnvironments: recorder.frozenCount
                )
                samples.withLock { $0.append(sample) }
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    var all: [Sample] { samples.withLock { $0 } }

    var latest: Sample? { samples.withLock(\.last) }
}
