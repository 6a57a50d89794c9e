internal import Moments
internal import PoolCore

/// The connects of the environments: from the permit to the server's answer.
extension StormSimulation {
    mutating func begin(_ attempt: Attempt) {
        guard let client = attempt.client else { return }
        environments[attempt.environment].attempts[attempt.connection.slot] = attempt
        var start = now
        if !environments[attempt.environment].hasConnected {
            environments[attempt.environment].hasConnected = true
            start += firstConnectDelay(of: client)
        }
        if coordinator != nil {
            let patience = Duration.nanoseconds(clients[client].deadline - start)
            switch coordinator?.requested(now: Moment(sinceBoot: .nanoseconds(start)), patience: patience) {
            case .booked(let wait): start += Int64(wait / .nanoseconds(1))
            case .tooLate:
                fail(attempt, .definite)
                return
            case nil: break
            }
        }
        events.add(.send(attempt), at: start)
    }

    private mutating func firstConnectDelay(of client: Int) -> Int64 {
        let time = Duration.nanoseconds(clients[client].deadline - now)
        let window =
            policy.knowsFleet
            ? FirstConnectWindow.needed(
                fleet: scenario.environments,
                rate: scenario.connectRate,
                deadline: time
            ) : .seconds(policy.firstConnectWindow)
        guard window > .zero else { return 0 }
        return Int64(FirstConnectWindow.delay(window: window, within: time, jitter: dice.roll()) / .nanoseconds(1))
    }

    mutating func send(_ attempt: Attempt) {
        guard !attempt.isAbandoned else { return }
        attempt.stage = .sent
        result.connects += 1
        if let limit = policy.attemptTimeout {
            events.add(.timeOut(attempt, drive: attempt.drives), at: now + nanoseconds(limit))
        }
        server.enqueue(attempt)
        serveNext()
    }

    private mutating func serveNext() {
        if let time = server.beginNext() { events.add(.served, at: now + time) }
    }

    mutating func served() {
        if let attempt = server.finish() {
            if attempt.isAbandoned {
                // The server finds out when it writes: its work was for nothing, and the slot is free again.
                result.wasted += 1
                server.close(attempt)
            } else {
                events.add(.answered(attempt), at: now + nanoseconds(scenario.latency))
            }
        }
        serveNext()
    }

    mutating func answered(_ attempt: Attempt) {
        guard !attempt.isAbandoned else { return server.close(attempt) }
        guard attempt.hasSlot else {
            result.refused += 1
            return fail(attempt, .overload(retryAfter: nil))
        }
        attempt.stage = .made
        // Left half-open: it waits for the next caller.
        guard let client = attempt.client, let permit = attempt.takePermit() else { return }
        attempt.client = nil
        let environment = attempt.environment
        environments[environment].patience.connectSucceeded()
        let action = environments[environment].pool.connectSucceeded(permit, now: moment, jitter: dice.roll())
        if action == .lend { use(attempt.connection, client) }
        settle(environment)
    }

    mutating func timeOut(_ attempt: Attempt, drive: Int) {
        guard attempt.stage == .sent, attempt.drives == drive, attempt.client != nil, !attempt.isAbandoned else {
            return
        }
        abandon(attempt)
        fail(attempt, .unreachable)
    }

    /// A caller has to leave its attempt.
    mutating func leave(_ attempt: Attempt) {
        let environment = attempt.environment
        guard let permit = attempt.takePermit() else { return }
        attempt.client = nil
        let keeps = environments[environment].pool.connectInterrupted(permit) == .keep
        if !keeps || policy.attemptTimeout != nil { close([attempt.connection], of: environment) }
    }

    mutating func abandon(_ attempt: Attempt) {
        attempt.isAbandoned = true
        // What is still in the queue is served all the same; what was made is closed now.
        if attempt.stage == .made { server.close(attempt) }
    }

    private mutating func fail(_ attempt: Attempt, _ trouble: ConnectTrouble) {
        let environment = attempt.environment
        environments[environment].attempts[attempt.connection.slot] = nil
        let isOverload = trouble == .overload(retryAfter: nil)
        if let permit = attempt.takePermit() {
            _ = environments[environment].pool.connectFailed(
                permit,
                isDefinite: false,
                isOverload: isOverload,
                now: moment,
                jitter: dice.roll()
            )
        }
        if isOverload { environments[environment].retention.connectRefused(now: moment, jitter: dice.roll()) }
        if let client = attempt.client { retry(client, after: trouble) }
        settle(environment)
    }

    private mutating func retry(_ client: Int, after trouble: ConnectTrouble) {
        clients[client].failures += 1
        let decision = environments[clients[client].environment].patience.connectFailed(
            // Whoever has a time limit for each attempt tries again when it is over; that is what makes it naive.
            trouble == .unreachable ? .starting : trouble,
            attempt: clients[client].failures,
            now: moment,
            deadline: Moment(sinceBoot: .nanoseconds(clients[client].deadline)),
            jitter: dice.roll()
        )
        switch decision {
        case .again(let time): events.add(.acquire(client: client), at: nanoseconds(time))
        case .giveUp: end(client, isServed: false)
        }
    }
}
