package import Moments

/// What a platform decides: which environment gets an invocation, when one is started, frozen, reaped or killed.
///
/// Events in, actions out; it does nothing itself. `now` is an argument everywhere.
package struct Fleet: Sendable, Equatable {
    /// An invocation without an environment.
    struct Waiting: Sendable, Equatable {
        let invocation: InvocationID
        /// When an environment is started for it, if there is room.
        let startAt: Moment
        /// When it is refused.
        let rejectAt: Moment
    }

    let rules: FleetRules
    package private(set) var environments: [EnvironmentID: EnvironmentState] = [:]
    var queue: [Waiting] = []
    private var lastID = 0

    /// - Parameters:
    ///   - limits: The numbers.
    ///   - isPolled: Whether environments ask for invocations; else they are sent them once they listen.
    package init(_ limits: FleetLimits, isPolled: Bool = true) {
        rules = FleetRules(limits: limits, isPolled: isPolled)
    }

    var limits: FleetLimits { rules.limits }

    /// Invocations that wait for an environment.
    package var waiting: Int { queue.count }

    /// Environments that hold a place; one that is being ended has given its own up.
    package var living: Int { environments.values.count { $0.phase != .gone && $0.phase != .stopping } }

    /// Changes one environment, if it is still there.
    mutating func with<R>(_ id: EnvironmentID, _ change: (inout EnvironmentState) -> R) -> R? {
        guard var environment = environments[id] else { return nil }
        // So that the change does not copy the arrays.
        environments[id] = nil
        defer { environments[id] = environment }
        return change(&environment)
    }

    mutating func remove(_ id: EnvironmentID) {
        environments[id] = nil
    }

    // MARK: Invocations

    /// A client wants the function, and waits for so long when all environments are busy; with zero it is refused at once.
    package mutating func invocationArrived(
        _ invocation: InvocationID,
        patience: Duration = .zero,
        at now: Moment
    ) -> [FleetAction] {
        if let id = chooseIdle() { return assign(invocation, to: id, at: now) }
        let isSettling = environments.values.contains { isAboutToAsk($0) }
        if !isSettling, living < limits.environments { return start(for: invocation, at: now) }
        guard patience > .zero || isSettling else { return [.reject(invocation)] }
        let settling = isSettling ? limits.settling : .zero
        let hasRoom = isSettling && limits.concurrency > 1
        let longest = max(patience, hasRoom ? limits.settlingWithRoom : settling)
        queue.append(Waiting(invocation: invocation, startAt: now + settling, rejectAt: now + longest))
        return []
    }

    /// The client went away.
    ///
    /// - Returns: whether the invocation is dropped: one that has an environment already, or is what one was started for,
    ///   is run without anybody to tell.
    package mutating func invocationAbandoned(_ invocation: InvocationID) -> Bool {
        let before = queue.count
        queue.removeAll { $0.invocation == invocation }
        return queue.count < before
    }

    /// An environment that has answered and will be back in a moment.
    private func isAboutToAsk(_ environment: EnvironmentState) -> Bool {
        guard environment.phase == .running, environment.reserved.isEmpty else { return false }
        return limits.concurrency == 1
            ? environment.flights.allSatisfy { $0.answer == .given }
            : environment.load < limits.concurrency
    }

    /// The environment that gets the next invocation: there is room in it, and it is ready.
    private func chooseIdle() -> EnvironmentID? {
        let candidates = environments.values.filter { environment in
            environment.isReady && environment.load < limits.concurrency
                && (!rules.isPolled || environment.polls.count > environment.reserved.count)
        }
        let chosen =
            switch limits.reuse {
            case .mostRecent: candidates.max { ($0.since, $1.id) < ($1.since, $0.id) }
            case .leastRecent: candidates.min { ($0.since, $0.id) < ($1.since, $1.id) }
            }
        return chosen?.id
    }

    private mutating func assign(_ invocation: InvocationID, to id: EnvironmentID, at now: Moment) -> [FleetAction] {
        let rules = rules
        return with(id) { environment in
            environment.reserved.append(invocation)
            return rules.deliver(in: &environment, at: now)
        } ?? []
    }

    mutating func start(for invocation: InvocationID, isRetry: Bool = false, at now: Moment) -> [FleetAction] {
        lastID += 1
        let id = EnvironmentID(lastID)
        var environment = EnvironmentState(id, isRetry: isRetry, at: now)
        environment.reserved = [invocation]
        environments[id] = environment
        return [.start(id)]
    }

    /// An environment has room: who has waited longest gets it.
    mutating func serveQueue(at now: Moment) -> [FleetAction] {
        var actions: [FleetAction] = []
        while !queue.isEmpty, let id = chooseIdle() {
            actions += assign(queue.removeFirst().invocation, to: id, at: now)
        }
        return actions
    }

    /// What is due now: starts for those who waited long enough, refusals for those who waited too long.
    mutating func hurryQueue(at now: Moment) -> [FleetAction] {
        var actions: [FleetAction] = []
        var rest: [Waiting] = []
        for waiting in queue {
            if waiting.startAt <= now, living < limits.environments {
                actions += start(for: waiting.invocation, at: now)
            } else if waiting.rejectAt <= now {
                actions.append(.reject(waiting.invocation))
            } else {
                rest.append(waiting)
            }
        }
        queue = rest
        return actions
    }
}
