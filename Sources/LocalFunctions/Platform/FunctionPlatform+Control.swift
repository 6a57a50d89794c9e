package import Moments
internal import Synchronization

/// One environment, for people.
package struct EnvironmentReport: Sendable, Codable, Equatable {
    package var id: Int
    package var pid: Int?
    package var state: String
    /// Seconds in this state.
    package var seconds: Double
    package var inFlight: Int
    package var invocations: Int
    package var freezes: Int
    /// Bytes; `nil` where the system does not tell.
    package var memory: Int?
    package var spawnMs: Double?
    package var initMs: Double?
    /// What the relay to the database does, if there is one.
    package var link: String?
    /// Connections to the database; `nil` when nobody counts them.
    package var connections: Int?
}

/// Looking at environments, and telling them what to do.
extension FunctionPlatform {
    /// All environments, the oldest first.
    package func snapshot() -> [EnvironmentReport] {
        let now = Moment.now
        let reports = state.withLock { state in
            state.fleet.environments.values.sorted { $0.id < $1.id }.map { environment in
                let host = state.hosts[environment.id]
                return EnvironmentReport(
                    id: environment.id.rawValue,
                    pid: host?.group.map { Int($0.leader) },
                    state: environment.phase.rawValue,
                    seconds: (now - environment.since) / .seconds(1),
                    inFlight: environment.flights.count,
                    invocations: environment.invocations,
                    freezes: environment.freezes,
                    spawnMs: host?.spawnDuration.map { $0 / .milliseconds(1) },
                    initMs: host?.initDuration.map { $0 / .milliseconds(1) },
                    link: host?.relay?.mode.rawValue
                )
            }
        }
        return reports.map { report in
            var report = report
            report.memory = report.pid.flatMap { ProcessMemory.of(Int32($0))?.resident }
            return report
        }
    }

    /// Whether there is such an environment.
    package func exists(_ id: EnvironmentID) -> Bool { state.withLock { $0.fleet.environments[id] != nil } }

    /// Stops an idle environment in its tracks; `false` when it is not idle.
    package func freeze(_ id: EnvironmentID) -> Bool { order { $0.freezeRequested(id, at: .now) } }

    /// Lets a frozen environment go on.
    package func thaw(_ id: EnvironmentID) { _ = order { $0.thawRequested(id, at: .now) } }

    /// Ends an environment, with SIGTERM first or without notice.
    package func end(_ id: EnvironmentID, gently: Bool) {
        _ = order { $0.endRequested(id, gently: gently, at: .now) }
    }

    /// Ends all environments that run an old program, each as soon as it has nothing in hand.
    package func replaceAll() {
        act { state in state.fleet.replacementRequested(at: .now) }
    }

    /// Changes what the relay of an environment does; `false` when it has none.
    package func setRelay(_ id: EnvironmentID, _ mode: DatabaseRelay.Mode) -> Bool {
        guard let relay = state.withLock({ $0.hosts[id]?.relay }) else { return false }
        relay.mode = mode
        return true
    }

    /// What the relay of an environment saw.
    package func relayMeasures(_ id: EnvironmentID) -> RelayMeasures? {
        state.withLock { $0.hosts[id]?.relay }?.measures
    }

    /// Whether an invocation runs in an environment that the server has refused since then, as far as its relay saw.
    package func isSomeoneRefused(since moment: Moment) -> Bool {
        let relays = state.withLock { state in
            state.fleet.environments.values.filter { $0.phase == .running }.compactMap { state.hosts[$0.id]?.relay }
        }
        return relays.contains { $0.measures.refusedSince.map { $0 <= moment } ?? false }
    }

    private func order(_ decide: (inout Fleet) -> [FleetAction]?) -> Bool {
        var isDone = false
        act { state in
            let actions = decide(&state.fleet)
            isDone = actions != nil
            return actions ?? []
        }
        return isDone
    }
}
