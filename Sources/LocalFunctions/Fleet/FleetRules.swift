internal import Moments

/// What is decided within one environment.
struct FleetRules: Sendable, Equatable {
    let limits: FleetLimits
    /// Whether environments ask for invocations (a runtime API), or are sent them (HTTP).
    let isPolled: Bool

    /// Hands reserved invocations to the requests that wait for them.
    func deliver(in environment: inout EnvironmentState, at now: Moment) -> [FleetAction] {
        var actions: [FleetAction] = []
        while environment.isReady, !environment.reserved.isEmpty, !isPolled || !environment.polls.isEmpty {
            if environment.phase == .frozen { actions.append(.thaw(environment.id)) }
            environment.change(to: .running, at: now)
            let invocation = environment.reserved.removeFirst()
            let poll = isPolled ? environment.polls.removeFirst() : nil
            environment.flights.append(.init(invocation: invocation, deadline: now + limits.timeout))
            environment.invocations += 1
            actions.append(.deliver(invocation, to: environment.id, poll: poll))
            for (name, state) in environment.extensions where state.hearsInvocations && state.isWaiting {
                environment.extensions[name]?.isWaiting = false
                actions.append(.notify(extension: name, invocation, in: environment.id))
            }
        }
        return actions
    }

    /// Something may be given to the environment, or it may rest.
    func mayRest(_ environment: EnvironmentState) -> Bool {
        environment.isQuiet && (!isPolled || !environment.polls.isEmpty)
    }

    /// With an extension, the start is over when it waits for events, too.
    func isInitDone(_ environment: EnvironmentState) -> Bool {
        environment.extensions.values.allSatisfy(\.isWaiting) && (!isPolled || !environment.polls.isEmpty)
    }

    /// What is due in one environment.
    func deadlines(of environment: inout EnvironmentState, at now: Moment) -> [FleetAction] {
        let id = environment.id
        switch environment.phase {
        case .initialising:
            guard let deadline = environment.initDeadline, deadline <= now else { return [] }
            let limit = environment.isRetry ? limits.timeout : limits.initTimeout
            environment.endReason = environment.endReason ?? .initTimedOut(after: limit)
            environment.change(to: .stopping, at: now)
            return [.kill(id)]
        case .running:
            return overdue(in: &environment, at: now)
        case .idle, .frozen:
            guard environment.since + limits.idleAfter <= now, environment.load == 0 else { return [] }
            return end(&environment, at: now)
        case .stopping:
            guard let killAt = environment.killAt, killAt <= now else { return [] }
            environment.killAt = nil
            return [.kill(id)]
        case .starting, .gone:
            return []
        }
    }

    private func overdue(in environment: inout EnvironmentState, at now: Moment) -> [FleetAction] {
        var actions: [FleetAction] = []
        for position in environment.flights.indices where environment.flights[position].deadline <= now {
            let flight = environment.flights[position]
            guard flight.answer != .overdue else { continue }
            environment.flights[position].answer = .overdue
            if flight.answer != .given {
                actions.append(.fail(flight.invocation, .timedOut(after: limits.timeout), in: environment.id))
            }
            if !limits.survivesTimeout {
                environment.change(to: .stopping, at: now)
                actions.append(.kill(environment.id))
            }
        }
        return actions
    }

    /// Begins the end of an environment in the way that was chosen.
    func end(
        _ environment: inout EnvironmentState,
        _ shutdown: FleetLimits.Shutdown? = nil,
        at now: Moment
    ) -> [FleetAction] {
        let shutdown = shutdown ?? limits.shutdown
        let isAsked = shutdown == .term || (shutdown == .platform && !environment.extensions.isEmpty)
        guard environment.change(to: .stopping, at: now) else { return [] }
        guard isAsked else { return [.kill(environment.id)] }
        environment.killAt = now + limits.grace
        return [.terminate(environment.id)]
    }
}
