import Foundation
import LocalFunctions
import Synchronization

/// What the dashboard shows: the state of this moment, and what was the case in the last minutes.
final class DashboardLog: Sendable {
    /// What is kept of it: five minutes of samples.
    private static let samplesKept = 600
    private static let eventsKept = 300
    static let interval = Duration.milliseconds(500)

    private struct State {
        /// One number for each sample and event, so that a page asks only for what is new to it.
        var last = 0
        var samples: [DashboardState.Sample] = []
        var events: [DashboardState.Event] = []
        /// Failures and notices, kept for themselves: what happens all the time does not push them out.
        var troubles: [DashboardState.Event] = []
        var finished = 0
        var failed = 0
        var environments: [EnvironmentReport] = []
    }

    private let state = Mutex(State())
    private let name: String
    private let limit: Int
    /// How many connections the database allows functions; `nil` when that is not known.
    private let slots: Int?

    init(name: String, environments limit: Int, slots: Int?) {
        self.name = name
        self.limit = limit
        self.slots = slots
    }

    /// Takes what has happened.
    func note(_ event: PlatformEvent) {
        let (kind, id, text): (DashboardState.Event.Kind, EnvironmentID?, String)
        switch event {
        case .environment(let environment, let phase):
            guard let words = Self.words(for: phase) else { return }
            (kind, id, text) = (.environment, environment, words)
        case .reported(let environment, let report):
            let words = report.failure.map { "failed after \(report.duration.milliseconds) ms: \($0.errorType)" }
            (kind, id, text) = (
                report.failure == nil ? .invocation : .failure, environment,
                words ?? "answered in \(report.duration.milliseconds) ms"
            )
        case .notice(let environment, let said): (kind, id, text) = (.notice, environment, String(said.prefix(300)))
        // What functions write is in the terminal.
        case .line, .started: return
        }
        state.withLock { state in
            if case .reported = event {
                state.finished += 1
                if kind == .failure { state.failed += 1 }
            }
            state.last += 1
            let isTrouble = kind == .failure || kind == .notice
            let event = DashboardState.Event(
                number: state.last,
                at: Self.now,
                environment: id?.rawValue,
                kind: kind,
                text: text
            )
            if isTrouble { Self.append(event, to: &state.troubles) } else { Self.append(event, to: &state.events) }
        }
    }

    private static func append(_ event: DashboardState.Event, to events: inout [DashboardState.Event]) {
        if events.count == eventsKept { events.removeFirst() }
        events.append(event)
    }

    private static func words(for phase: EnvironmentState.Phase) -> String? {
        switch phase {
        case .starting: "starting"
        case .frozen: "frozen"
        case .stopping: "told to end"
        case .gone: "ended"
        case .initialising, .idle, .running: nil
        }
    }

    private static var now: Int { Int(Date().timeIntervalSince1970 * 1000) }

    /// Takes a look every half second until the task is cancelled; `connections` counts those of each environment.
    func run(_ platform: FunctionPlatform, connections: @Sendable () async -> [EnvironmentID: Int]?) async {
        while !Task.isCancelled {
            let counts = await connections()
            var environments = platform.snapshot()
            if let counts {
                for index in environments.indices {
                    environments[index].connections = counts[EnvironmentID(environments[index].id)] ?? 0
                }
            }
            take(environments, counts?.values.reduce(0, +))
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func take(_ environments: [EnvironmentReport], _ connections: Int?) {
        let states = Dictionary(grouping: environments, by: \.state).mapValues(\.count)
        state.withLock { state in
            state.last += 1
            state.environments = environments
            if state.samples.count == Self.samplesKept { state.samples.removeFirst() }
            state.samples.append(
                .init(
                    number: state.last,
                    at: Self.now,
                    connections: connections,
                    environments: environments.count,
                    running: states["running"] ?? 0,
                    frozen: states["frozen"] ?? 0,
                    inFlight: environments.reduce(0) { $0 + $1.inFlight },
                    finished: state.finished
                )
            )
        }
    }

    /// The state of this moment, and what came after a number that was given out before.
    func json(after number: Int) throws -> [UInt8] {
        let answer = state.withLock { state in
            DashboardState(
                name: name,
                limit: limit,
                slots: slots,
                last: state.last,
                finished: state.finished,
                failed: state.failed,
                environments: state.environments,
                samples: state.samples.filter { $0.number > number },
                events: (state.events + state.troubles).filter { $0.number > number }.sorted { $0.number < $1.number }
            )
        }
        return Array(try JSONOutput.text(answer).utf8)
    }
}

/// What the page gets.
struct DashboardState: Encodable {
    let name: String
    let limit: Int
    let slots: Int?
    let last: Int
    let finished: Int
    let failed: Int
    let environments: [EnvironmentReport]
    let samples: [Sample]
    let events: [Event]

    struct Sample: Encodable {
        let number: Int
        /// Milliseconds since 1970.
        let at: Int
        let connections: Int?
        let environments: Int
        let running: Int
        let frozen: Int
        let inFlight: Int
        let finished: Int
    }

    struct Event: Encodable {
        enum Kind: String, Encodable {
            case environment, invocation, failure, notice
        }

        let number: Int
        let at: Int
        let environment: Int?
        let kind: Kind
        let text: String
    }
}
