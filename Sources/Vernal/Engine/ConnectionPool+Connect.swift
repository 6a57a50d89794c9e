internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// Makes a connection, or goes on with one that another task had to leave.
    ///
    /// If this task has to stop on the way, the half-open connection is left to the next one.
    ///
    /// - Parameters:
    ///   - permit: the permit for it.
    ///   - request: who wants it, and until when.
    ///   - isUse: whether anybody uses it at once.
    /// - Returns: the connection.
    /// - Throws: why there is none.
    func connect(
        _ permit: consuming ConnectPermit,
        _ request: AcquireRequest,
        isUse: Bool = true
    ) async throws(VernalError) -> BoxedConnection {
        let span = TraceSpan("connect", engine: events.engine)
        do throws(VernalError) {
            let connection = try await open(permit, request, isUse: isUse)
            span.end()
            return connection
        } catch {
            span.end(error)
            throw error
        }
    }

    private func open(
        _ permit: consuming ConnectPermit,
        _ request: AcquireRequest,
        isUse: Bool
    ) async throws(VernalError) -> BoxedConnection {
        let begun = Moment.now
        let id = permit.connection
        var attempt: ConnectAttempt
        // What another task had to leave.
        if let parked = shared.withLock({ $0.slots[id.slot].takeAttempt() }) {
            attempt = parked
        } else {
            await waitForFirstConnect(until: request.deadline)
            if let refusal = await askForAdmission(id, until: request.deadline) {
                throw notAdmitted(refusal, permit, request.borrower)
            }
            switch await prepareAttempt(until: request.deadline) {
            case .ready(let prepared): attempt = prepared
            case .failed(let failure): throw failed(failure, permit)
            }
        }
        let progress = await attempt.drive(until: request.deadline, waiter: .shared)
        switch consume progress {
        case .connected(let link):
            if let refusal = upstream.connected(link) {
                _ = consume link
                throw failed(refusal, permit)
            }
            let rules = upstream.rules
            let lifeline = link.lifeline
            var connection = UniqueBox(PostgresConnection(link, id: id, rules: connectionRules))
            if let configure = hooks.configure {
                do throws(VernalError) {
                    try await connection.value.configure(with: configure, until: request.deadline)
                } catch {
                    // Closed before its place is given up.
                    _ = consume connection
                    throw failed(error, permit)
                }
            }
            let jitter = Double.random(in: 0..<1)
            let (action, closedBreaker) = shared.withLock(giving: permit) { shared, permit in
                shared.patience.connectSucceeded()
                shared.lastConnectError = nil
                shared.watch.connectEnded(failed: false)
                shared.watch.opened(id.slot, lifeline)
                shared.watch.lent(id.slot, to: request.borrower)
                shared.state.capLives(idle: rules.longestIdle, life: rules.longestLife)
                let wasOpen = shared.state.isBreakerOpen
                let action = shared.state.connectSucceeded(permit, now: .now, jitter: jitter, isUse: isUse)
                return (action, wasOpen)
            }
            events.emit(.connected) { event in
                event.epoch = Int(id.serial)
                event.duration = .now - begun
            }
            if closedBreaker { events.emit(.breakerClosed) }
            guard action == .lend else {
                _ = consume connection
                settle()
                throw rejected(.closed, request.borrower)
            }
            settle()  // One connect fewer is under way, and the breaker may have closed.
            return connection
        case .failed(let error):
            if upstream.learns(from: error, configuration.settings) {
                return try await open(permit, request, isUse: isUse)
            }
            throw failed(VernalError(connect: error), permit)
        case .interrupted(let reason, let phase):
            leave(attempt, permit)
            throw gaveUp(reason, VernalError.Wait(phase))
        }
    }

    /// Opens connections until there are `minConnections`.
    func fill(_ request: AcquireRequest) async throws(VernalError) {
        try checkChance(of: request)
        while let permit = shared.withLock({ $0.state.fillRequested(now: .now) }) {
            let connection = try await connect(permit, request, isUse: false)
            await release(connection)
        }
    }

    /// Leaves a half-open connection to whoever wants one next.
    private func leave(_ attempt: consuming ConnectAttempt, _ permit: consuming ConnectPermit) {
        let id = permit.connection
        var attempt = Optional(attempt)
        shared.withLock(giving: permit) { shared, permit in
            guard shared.state.connectInterrupted(permit) == .keep, let attempt = attempt.take() else { return }
            shared.slots[id.slot] = .attempt(UniqueBox(attempt))
        }
        // Closed, if it is not kept, before those who wait for an empty pool hear of it.
        attempt = nil
        settle()
    }

    private func failed(_ failure: VernalError, _ permit: consuming ConnectPermit) -> VernalError {
        // Of a hook nobody knows what it will do next time, and credentials that are fetched may be others by then.
        let isPassing = failure.isRetryable || failure.code == .hookFailed || failure.code == .cancelled
        let isDefinite = !isPassing && hooks.credentials == nil
        let (sleepers, openedBreaker) = shared.withLock(giving: permit) { shared, permit in
            if failure.code != .cancelled { shared.lastConnectError = failure }
            shared.watch.connectEnded(failed: true)
            if failure.showsScarcity { shared.retention.connectRefused(now: .now, jitter: .random(in: 0..<1)) }
            if failure.advice?.retry == .slowly { shared.state.openBreakerAtOnce() }
            let openings = shared.state.breakerOpenings
            let rejected = shared.state.connectFailed(
                permit,
                isDefinite: isDefinite,
                isOverload: failure.isOverload,
                now: .now,
                jitter: .random(in: 0..<1)
            )
            let sleepers = rejected.compactMap { shared.put(.reject(.connectRefused), for: $0) }
            return (sleepers, shared.state.breakerOpenings > openings)
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
        events.emit(.connectFailed) { $0.error = failure }
        if openedBreaker { events.emit(.breakerOpened) { $0.error = failure } }
        settle()
        return failure.with { $0.poolCounts = counts }
    }

    /// Spreads the first connects of a fleet that starts together, if the user wants that, and stays away from a server
    /// that had no room for the process before this one in the same sandbox.
    private func waitForFirstConnect(until deadline: Moment) async {
        let isFirst = shared.withLock { shared in
            defer { shared.isFirstConnect = false }
            return shared.isFirstConnect
        }
        guard isFirst else { return }
        let now = Moment.now
        var window = configuration.firstConnectWindow
        if let fleet = configuration.fleetSize, let rate = configuration.serverConnectRate {
            window = max(window, FirstConnectWindow.needed(fleet: fleet, rate: rate, deadline: deadline - now))
        }
        let delay = FirstConnectWindow.delay(
            window: window,
            within: deadline - now,
            jitter: .random(in: 0..<1)
        )
        // Never so long that no time is left for the connect itself.
        let held = backoffNote.heldUntil(now: now).map { min($0, now + (deadline - now) / 2) }
        let start = max(now + delay, held ?? now)
        guard start > now else { return }
        _ = await SocketWaiter.shared.sleep(at: Parking(), until: start)
    }
}
