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
        /// Whether a frozen environment has a connection while an environment that runs has been refused for long.
        let isHeldInVain: Bool
    }

    private let samples = Mutex<[Sample]>([])
    private let database: FunctionDatabase
    private let recorder: StormRecorder
    /// Often enough to see a peak that lasts as long as a connect.
    private static let interval = Duration.milliseconds(10)
    /// For how long somebody has to wait until it is the fault of those who hold what they do not use.
    private static let patience = Duration.milliseconds(100)

    init(_ database: FunctionDatabase, _ recorder: StormRecorder) {
        self.database = database
        self.recorder = recorder
    }

    /// Looks until the task is cancelled.
    func run(_ platform: FunctionPlatform) async {
        guard let monitor = database.monitor else { return }
        let pattern = database.namePrefix + "%"
        while !Task.isCancelled {
            // The function behind pg_stat_activity: the view costs twice as much, a hundred times a second.
            let row = try? await monitor.query(
                """
                SELECT count(*), count(*) FILTER (WHERE state = 'active'),
                       count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
                       coalesce(array_agg(application_name) FILTER (WHERE state = 'idle'), '{}')
                FROM pg_stat_get_activity(NULL) WHERE application_name LIKE \(pattern)
                """
            ).single().decode((Int, Int, Int, [String]).self)
            if let row {
                let frozen = recorder.frozen
                let now = Moment(ContinuousClock.now)
                let holders = row.3.compactMap { Int($0.dropFirst(database.namePrefix.count)) }
                let isHeld = holders.contains { frozen.contains(EnvironmentID($0)) }
                let sample = Sample(
                    at: now,
                    connections: row.0,
                    active: row.1,
                    idleInTransaction: row.2,
                    frozenEnvironments: frozen.count,
                    isHeldInVain: isHeld && platform.isSomeoneRefused(since: now - Self.patience)
                )
                samples.withLock { $0.append(sample) }
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    var all: [Sample] { samples.withLock { $0 } }

    var latest: Sample? { samples.withLock(\.last) }
}

extension Sequence<ServerSampler.Sample> {
    /// The longest time in which all of so many slots were taken, one of them in vain.
    func longestHeldInVain(slots: Int) -> Duration {
        var longest = Duration.zero
        var began: Moment?
        for sample in self {
            guard sample.isHeldInVain, sample.connections >= slots else {
                began = nil
                continue
            }
            began = began ?? sample.at
            if let began { longest = Swift.max(longest, sample.at - began) }
        }
        return longest
    }
}
