internal import Moments
internal import PoolCore

/// The callers of an environment: from the call to the end of the invocation.
extension StormSimulation {
    mutating func arrive(_ environment: Int) {
        if let last = environments[environment].lastActive, environments[environment].active == 0 {
            environments[environment].pool.processThawed(gap: .nanoseconds(now - last))
        }
        for _ in 0..<scenario.clientsPerEnvironment {
            let deadline = scenario.deadline.map { now + nanoseconds($0) } ?? Int64.max / 4
            clients.append(Client(environment: environment, arrival: now, deadline: deadline))
            let client = clients.count - 1
            environments[environment].active += 1
            result.invocations += 1
            if scenario.deadline != nil { events.add(.deadline(client: client), at: deadline) }
            acquire(client)
        }
    }

    mutating func acquire(_ client: Int) {
        guard !clients[client].isDone else { return }
        let environment = clients[client].environment
        let decision = environments[environment].pool.acquireRequested(
            now: moment,
            deadline: Moment(sinceBoot: .nanoseconds(clients[client].deadline))
        )
        close(decision.close, of: environment)
        follow(decision.take(), client)
    }

    private mutating func follow(_ action: consuming AcquireAction, _ client: Int) {
        let environment = clients[client].environment
        switch consume action {
        case .lend(let connection, _): use(connection, client)
        case .open(let permit): begin(Attempt(permit, environment: environment, client: client))
        case .resume(let permit): resume(permit, client)
        case .wait(let waiter, let time):
            environments[environment].waiters[waiter] = client
            clients[client].waiter = waiter
            if let time { events.add(.ask(client: client, waiter), at: nanoseconds(time)) }
        case .reject: end(client, isServed: false)
        }
    }

    private mutating func resume(_ permit: consuming ConnectPermit, _ client: Int) {
        let environment = clients[client].environment
        guard let attempt = environments[environment].attempts[permit.connection.slot] else {
            _ = environments[environment].pool.connectFailed(permit, isDefinite: false)
            return end(client, isServed: false)
        }
        attempt.put(permit)
        attempt.client = client
        attempt.drives += 1
        if attempt.stage == .made { events.add(.answered(attempt), at: now) }
    }

    mutating func ask(_ client: Int, _ waiter: WaiterID) {
        let environment = clients[client].environment
        guard clients[client].waiter == waiter,
            let action = environments[environment].pool.askedAgain(waiter, now: moment)
        else { return }
        clients[client].waiter = nil
        environments[environment].waiters[waiter] = nil
        follow(action, client)
        settle(environment)
    }

    mutating func deadlinePassed(_ client: Int) {
        guard !clients[client].isDone, !clients[client].isServed else { return }
        let environment = clients[client].environment
        if let waiter = clients[client].waiter {
            _ = environments[environment].pool.waiterLeft(waiter, because: .timedOut)
            environments[environment].waiters[waiter] = nil
        } else if let attempt = environments[environment].attempts.values.first(where: { $0.client == client }) {
            leave(attempt)
        }
        end(client, isServed: false)
        settle(environment)
    }

    mutating func use(_ connection: ConnectionID, _ client: Int) {
        clients[client].isServed = true
        waits.append(now - clients[client].arrival)
        events.add(.workDone(client: client, connection), at: now + nanoseconds(scenario.work))
    }

    mutating func workDone(_ client: Int, _ connection: ConnectionID) {
        let environment = clients[client].environment
        switch environments[environment].pool.leaseReturned(connection, .reusable, now: moment) {
        case .park: break
        case .hand(let waiter): hand(connection, to: waiter, of: environment)
        case .close: close([connection], of: environment)
        }
        end(client, isServed: true)
        settle(environment)
    }

    private mutating func hand(_ connection: ConnectionID, to waiter: WaiterID, of environment: Int) {
        guard let client = environments[environment].waiters.removeValue(forKey: waiter) else { return }
        clients[client].waiter = nil
        use(connection, client)
    }

    /// A caller is done; after the last of an environment its process may be frozen.
    mutating func end(_ client: Int, isServed: Bool) {
        guard !clients[client].isDone else { return }
        clients[client].isDone = true
        if !isServed { result.failed += 1 }
        result.makespan = max(result.makespan, Double(now) / 1e9)
        let environment = clients[client].environment
        environments[environment].active -= 1
        environments[environment].lastActive = now
        guard environments[environment].active == 0 else { return }
        let isWorthCounting = environments[environment].retention.isWorthCounting(now: moment)
        // Counted over an idle connection; who has none learns nothing.
        if isWorthCounting, environments[environment].pool.snapshot.counts.idle > 0 {
            environments[environment].retention.slotsCounted(server.usage, jitter: dice.roll())
        }
        guard environments[environment].retention.givesBack(now: moment) else { return }
        close(environments[environment].pool.releaseIdle(), of: environment)
    }

    /// Serves those who wait in an environment, as the shell does after each event.
    mutating func settle(_ environment: Int) {
        while let wake = environments[environment].pool.nextWake(now: moment) {
            close(wake.close, of: environment)
            let waiter = wake.waiter
            guard let client = environments[environment].waiters[waiter] else { return }
            let handover = wake.take()
            if let time = handover.timeToAskAgain {
                events.add(.ask(client: client, waiter), at: nanoseconds(time))
                continue
            }
            environments[environment].waiters[waiter] = nil
            clients[client].waiter = nil
            follow(handover, client)
        }
    }

    private mutating func follow(_ handover: consuming Handover, _ client: Int) {
        switch consume handover {
        case .lend(let connection, _): use(connection, client)
        case .open(let permit):
            begin(Attempt(permit, environment: clients[client].environment, client: client))
        case .resume(let permit): resume(permit, client)
        case .askAgain: break
        case .reject: end(client, isServed: false)
        }
    }

    mutating func close(_ connections: [ConnectionID], of environment: Int) {
        for connection in connections {
            guard let attempt = environments[environment].attempts.removeValue(forKey: connection.slot) else {
                continue
            }
            abandon(attempt)
        }
    }
}
