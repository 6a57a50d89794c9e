package import Moments

/// How environments end: by themselves, by the clock, by order.
extension Fleet {
    /// The process ended.
    package mutating func processExited(_ id: EnvironmentID, _ end: ProcessEnd, at now: Moment) -> [FleetAction] {
        guard let environment = environments[id] else { return [] }
        remove(id)
        var actions: [FleetAction] = []
        for flight in environment.flights {
            if flight.answer == .awaited || flight.answer == .arriving {
                actions.append(.fail(flight.invocation, environment.endReason ?? .exited(end), in: id))
            }
            actions.append(.settle(flight.invocation, id))
        }
        for invocation in environment.reserved {
            if case .initTimedOut = environment.endReason, !environment.isRetry, !environment.hasInitError {
                actions += start(for: invocation, isRetry: true, at: now)
            } else {
                actions.append(.fail(invocation, environment.endReason ?? .exitedInInit(end), in: id))
            }
        }
        return actions + hurryQueue(at: now)
    }

    /// The process could not be made.
    package mutating func startFailed(_ id: EnvironmentID, _ reason: String) -> [FleetAction] {
        guard let environment = environments[id] else { return [] }
        remove(id)
        return environment.reserved.map { .fail($0, .cannotStart(reason), in: id) }
    }

    /// Time passes; to be called often.
    package mutating func timePassed(at now: Moment) -> [FleetAction] {
        var actions: [FleetAction] = []
        let rules = rules
        for id in environments.keys.sorted() {
            actions += with(id) { rules.deadlines(of: &$0, at: now) } ?? []
        }
        return actions + hurryQueue(at: now)
    }

    // MARK: Orders

    /// All environments are to end.
    package mutating func shutdownRequested(at now: Moment) -> [FleetAction] {
        let rules = rules
        var actions = queue.map { FleetAction.reject($0.invocation) }
        queue = []
        for id in environments.keys.sorted() {
            actions +=
                with(id) { environment in
                    environment.endReason = environment.endReason ?? .environmentEnded
                    return rules.end(&environment, at: now)
                } ?? []
        }
        return actions
    }

    /// One environment is to end now, without notice or with SIGTERM first.
    ///
    /// - Returns: the actions; `nil` when there is no such environment.
    package mutating func endRequested(_ id: EnvironmentID, gently: Bool, at now: Moment) -> [FleetAction]? {
        let rules = rules
        return with(id) { environment in
            if environment.phase == .stopping { return gently ? [] : [.kill(id)] }
            environment.endReason = gently ? environment.endReason : .environmentEnded
            return rules.end(&environment, gently ? .term : .kill, at: now)
        }
    }

    /// It uses more memory than it may.
    package mutating func memoryExceeded(_ id: EnvironmentID, at now: Moment) -> [FleetAction] {
        with(id) { environment in
            environment.endReason = .outOfMemory
            return environment.change(to: .stopping, at: now) ? [.kill(id)] : []
        } ?? []
    }

    /// All environments that have nothing in hand are to be replaced, the others when they have answered.
    package mutating func replacementRequested(at now: Moment) -> [FleetAction] {
        let rules = rules
        return environments.keys.sorted().flatMap { id in
            with(id) { environment in
                environment.isOutdated = true
                return environment.load == 0 ? rules.end(&environment, at: now) : []
            } ?? []
        }
    }

    /// One environment is to be frozen: only one that waits can be.
    ///
    /// - Returns: the actions; `nil` when it has something in hand or is not there.
    package mutating func freezeRequested(_ id: EnvironmentID, at now: Moment) -> [FleetAction]? {
        guard let environment = environments[id] else { return nil }
        if environment.phase == .frozen { return [] }
        guard environment.phase == .idle else { return nil }
        return with(id) { $0.change(to: .frozen, at: now) ? [.freeze(id)] : [] }
    }

    /// One environment is to go on.
    ///
    /// - Returns: the actions; `nil` when there is no such environment.
    package mutating func thawRequested(_ id: EnvironmentID, at now: Moment) -> [FleetAction]? {
        with(id) { $0.phase == .frozen && $0.change(to: .idle, at: now) ? [.thaw(id)] : [] }
    }
}
