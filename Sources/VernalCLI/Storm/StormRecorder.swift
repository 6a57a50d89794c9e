import LocalFunctions
import Moments
import Synchronization

/// Takes down what the platform does during a storm.
final class StormRecorder: Sendable {
    /// One environment's moments.
    struct Record: Sendable {
        var startedAt: Moment?
        var invokedAt: Moment?
        var endedAt: Moment?
        var measures: RelayMeasures?
    }

    private struct State {
        var records: [EnvironmentID: Record] = [:]
        var environmentOf: [InvocationID: EnvironmentID] = [:]
        var durations: [InvocationID: Duration] = [:]
        var lines: [String] = []
        var frozen: Set<EnvironmentID> = []
    }

    private let state = Mutex(State())

    /// Takes an event down.
    func take(_ event: PlatformEvent) {
        let now = Moment(ContinuousClock.now)
        state.withLock { state in
            switch event {
            case .environment(let id, let phase):
                switch phase {
                case .starting: state.records[id, default: Record()].startedAt = now
                case .frozen: state.frozen.insert(id)
                case .gone:
                    state.records[id]?.endedAt = now
                    state.frozen.remove(id)
                case .idle: state.frozen.remove(id)
                case .initialising, .running, .stopping: break
                }
            case .started(let id, let invocation):
                state.environmentOf[invocation] = id
                state.frozen.remove(id)
                state.records[id, default: Record()].invokedAt = state.records[id]?.invokedAt ?? now
            case .reported(_, let report): state.durations[report.invocation] = report.duration
            case .line(let id, let line):
                // The first words of a fleet are enough to see what is wrong.
                if state.lines.count < 20 { state.lines.append("[\(id)] \(line)") }
            case .notice: break
            }
        }
    }

    /// Takes down what an environment's relay saw, before it is gone.
    func note(_ measures: RelayMeasures?, of id: EnvironmentID) {
        guard let measures else { return }
        state.withLock { $0.records[id, default: Record()].measures = measures }
    }

    var records: [EnvironmentID: Record] { state.withLock(\.records) }

    /// The environment that got an invocation.
    func environment(of invocation: String) -> EnvironmentID? {
        state.withLock { $0.environmentOf[InvocationID(invocation)] }
    }

    /// How long an invocation had its environment.
    func duration(of invocation: String) -> Duration? { state.withLock { $0.durations[InvocationID(invocation)] } }

    /// What the functions wrote first.
    var firstLines: [String] { state.withLock(\.lines) }

    /// The environments that are frozen now.
    var frozen: Set<EnvironmentID> { state.withLock(\.frozen) }
}
