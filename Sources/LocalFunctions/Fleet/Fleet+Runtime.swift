package import Moments

/// What processes do and say.
extension Fleet {
    /// The process of an environment runs.
    ///
    /// A quick one may be heard of before this: whatever it says means that it runs.
    package mutating func processStarted(_ id: EnvironmentID, at now: Moment) {
        let limits = limits
        _ = with(id) { environment in
            guard environment.change(to: .initialising, at: now) else { return }
            environment.initDeadline = now + (environment.isRetry ? limits.timeout : limits.initTimeout)
        }
    }

    /// What becomes of a request for the next invocation.
    package enum NextVerdict: Sendable, Equatable {
        /// It waits, or is served by one of the actions.
        case taken([FleetAction])
        /// It gets what the environment has not answered yet: it asked twice.
        case again(InvocationID)
        /// The environment is not in a state to ask.
        case refused(RuntimeVerdict)
    }

    /// The environment asks for the next invocation.
    package mutating func nextAsked(_ id: EnvironmentID, _ poll: PollID, at now: Moment) -> NextVerdict {
        processStarted(id, at: now)
        guard let environment = environments[id], environment.phase != .gone else {
            return .refused(.wrongState(from: "RuntimeExited", to: "RuntimeReady"))
        }
        if environment.hasInitError { return .refused(.wrongState(from: "RuntimeInitError", to: "RuntimeReady")) }
        if limits.concurrency == 1 {
            switch environment.flights.first?.answer {
            case .awaited: return .again(environment.flights[0].invocation)
            case .arriving: return .refused(.wrongState(from: "InvocationResponse", to: "RuntimeReady"))
            case .given, .overdue, nil: break
            }
        }
        let done = environment.flights.filter { $0.answer == .given }.map(\.invocation)
        _ = with(id) { environment in
            environment.polls.append(poll)
            environment.flights.removeAll { $0.answer == .given }
        }
        let settled = done.map { FleetAction.settle($0, id) }
        return .taken(settled + becameReady(id, at: now))
    }

    /// The request for the next invocation was given up: its connection is closed.
    package mutating func pollEnded(_ id: EnvironmentID, _ poll: PollID) {
        _ = with(id) { $0.polls.removeAll { $0 == poll } }
    }

    /// A process that is sent its invocations listens.
    package mutating func processListens(_ id: EnvironmentID, at now: Moment) -> [FleetAction] {
        processStarted(id, at: now)
        return becameReady(id, at: now)
    }

    private mutating func becameReady(_ id: EnvironmentID, at now: Moment) -> [FleetAction] {
        let rules = rules
        var actions: [FleetAction] =
            with(id) { environment in
                if environment.isOutdated, environment.phase == .running, environment.isQuiet {
                    return rules.end(&environment, at: now)
                }
                if environment.phase == .initialising, rules.isInitDone(environment) {
                    environment.initDeadline = nil
                    environment.change(to: .idle, at: now)
                } else if environment.phase == .running, rules.mayRest(environment) {
                    environment.change(to: .idle, at: now)
                }
                return rules.deliver(in: &environment, at: now)
            } ?? []
        actions += serveQueue(at: now)
        return actions + rest(id, at: now)
    }

    /// Freezes an environment that has nothing to do.
    private mutating func rest(_ id: EnvironmentID, at now: Moment) -> [FleetAction] {
        guard limits.freezes, let environment = environments[id], environment.phase == .idle, rules.mayRest(environment)
        else { return [] }
        return with(id) { $0.change(to: .frozen, at: now) ? [.freeze(id)] : [] } ?? []
    }

    // MARK: Answers

    /// An answer, or an error, begins to come in.
    package mutating func answerBegan(_ id: EnvironmentID, _ invocation: InvocationID) -> RuntimeVerdict {
        with(id) { environment in
            guard let position = environment.position(of: invocation) else { return .unknownInvocation }
            switch environment.flights[position].answer {
            case .awaited:
                environment.flights[position].answer = .arriving
                return .accepted
            case .overdue:
                // Now the environment has room again.
                environment.flights.remove(at: position)
                return .tooLate
            case .arriving, .given:
                return .wrongState(from: environment.flights[position].answer.rawValue, to: "InvocationResponse")
            }
        } ?? .unknownInvocation
    }

    /// The whole answer is in.
    package mutating func answerEnded(
        _ id: EnvironmentID,
        _ invocation: InvocationID,
        at now: Moment
    ) -> [FleetAction] {
        let isDone = limits.concurrency > 1 || !rules.isPolled
        let known =
            with(id) { environment in
                guard let position = environment.position(of: invocation) else { return false }
                if isDone {
                    environment.flights.remove(at: position)
                } else {
                    environment.flights[position].answer = .given
                }
                return true
            } ?? false
        guard known, isDone else { return [] }
        return [.settle(invocation, id)] + becameReady(id, at: now)
    }

    /// The function says that it cannot start; it has a moment to end by itself.
    package mutating func initFailed(_ id: EnvironmentID, at now: Moment) -> RuntimeVerdict {
        let grace = limits.grace
        return with(id) { environment in
            guard [.starting, .initialising].contains(environment.phase), !environment.hasInitError else {
                return .wrongState(from: environment.phase.rawValue, to: "RuntimeInitError")
            }
            environment.hasInitError = true
            environment.initDeadline = now + grace
            return .accepted
        } ?? .unknownInvocation
    }

    // MARK: Extensions

    /// An extension within the function registered; possible until the start is over.
    package mutating func extensionRegistered(
        _ id: EnvironmentID,
        _ name: String,
        hearsInvocations: Bool
    ) -> Bool {
        with(id) { environment in
            guard [.starting, .initialising].contains(environment.phase) else { return false }
            environment.extensions[name] = .init(hearsInvocations: hearsInvocations)
            return true
        } ?? false
    }

    /// An extension waits for its next event.
    package mutating func extensionAsked(_ id: EnvironmentID, _ name: String, at now: Moment) -> [FleetAction] {
        _ = with(id) { $0.extensions[name]?.isWaiting = true }
        return becameReady(id, at: now)
    }
}
