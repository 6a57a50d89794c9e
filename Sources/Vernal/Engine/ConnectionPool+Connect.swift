internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// For how long a server that had no connection slot left counts as short of them.
    private static let scarcityMemory: Duration = .seconds(300)

    /// Makes a connection, or goes on with one that another task had to leave.
    ///
    /// If this task has to stop on the way, the half-open connection is left to the next one.
    ///
    /// - Parameters:
    ///   - permit: the permit for it.
    ///   - parked: what another task has left.
    ///   - request: who wants it, and until when.
    ///   - isUse: whether anybody uses it at once.
    /// - Returns: the connection.
    /// - Throws: why there is none.
    func connect(
        _ permit: consuming ConnectPermit,
        _ parked: consuming ConnectAttempt?,
        _ request: AcquireRequest,
        isUse: Bool = true
    ) async throws(VernalError) -> PostgresConnection {
        let begun = Moment.now
        let id = permit.connection
        var attempt: ConnectAttempt
        if let parked {
            attempt = parked
        } else {
            await waitForFirstConnect(until: request.deadline)
            switch await prepareAttempt(until: request.deadline) {
            case .ready(let prepared): attempt = prepared
            case .failed(let failure): throw failed(failure, permit)
            }
        }
        let progress = await attempt.drive(until: request.deadline, waiter: .shared)
        switch consume progress {
        case .connected(let link):
            let lifeline = link.lifeline
            var connection = PostgresConnection(link, id: id, configuration: configuration)
            if let configure = hooks.configure {
                do throws(VernalError) {
                    try await connection.configure(with: configure, until: request.deadline)
                } catch {
                    // Closed before its place is given up.
                    _ = consume connection
                    throw failed(error, permit)
                }
            }
            let jitter = Double.random(in: 0..<1)
            let (action, closedBreaker) = shared.withLock(giving: permit) { shared, permit in
                shared.retryQuota.succeeded()
                shared.lastConnectError = nil
                shared.watch.connectEnded(failed: false)
                shared.watch.opened(id.slot, lifeline)
                shared.watch.lent(id.slot, to: request.borrower)
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
            if configuration.breakerThreshold != nil { settle() }  // The breaker may have closed.
            return connection
        case .failed(let error):
            throw failed(VernalError(connect: error), permit)
        case .interrupted(let reason, let phase):
            leave(attempt, permit)
            throw gaveUp(reason, VernalError.Wait(phase))
        }
    }

    /// Opens connections until there are `minConnections`.
    func fill(_ request: AcquireRequest) async throws(VernalError) {
        while let permit = shared.withLock({ $0.state.fillRequested(now: .now) }) {
            let connection = try await connect(permit, nil, request, isUse: false)
            await release(connection)
        }
    }

    /// Leaves a half-open connection to whoever wants one next.
    private func leave(_ attempt: consuming ConnectAttempt, _ permit: consuming ConnectPermit) {
        let id = permit.connection
        var attempt = Optional(attempt)
        shared.withLock(giving: permit) { shared, permit in
            guard shared.state.connectInterrupted(permit) == .keep, let attempt = attempt.take() else { return }
            shared.slots[id.slot].park(attempt)
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
            if failure.sqlState == .tooManyConnections { shared.scarceUntil = .now + Self.scarcityMemory }
            let openings = shared.state.breakerOpenings
            let rejected = shared.state.connectFailed(
                permit,
                isDefinite: isDefinite,
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

    /// Spreads the first connects of a fleet that starts together, if the user wants that.
    private func waitForFirstConnect(until deadline: Moment) async {
        guard configuration.firstConnectWindow > .zero else { return }
        let isFirst = shared.withLock { shared in
            defer { shared.isFirstConnect = false }
            return shared.isFirstConnect
        }
        guard isFirst else { return }
        // Never so long that no time is left for the connect itself.
        let now = Moment.now
        let window = min(configuration.firstConnectWindow, (deadline - now) / 2)
        guard window > .zero else { return }
        _ = await SocketWaiter.shared.sleep(at: Parking(), until: now + window * Double.random(in: 0..<1))
    }
}
