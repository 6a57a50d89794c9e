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
    func connect(
        _ permit: consuming ConnectPermit,
        _ parked: consuming ConnectAttempt?,
        until deadline: Moment,
        isUse: Bool = true
    ) async throws(VernalError) -> PostgresConnection {
        let id = permit.connection
        var attempt: ConnectAttempt
        do throws(LibpqError) {
            if let parked {
                attempt = parked
            } else {
                let settings = upstream.settings(configuration.settings)
                attempt = try ConnectAttempt(settings, timeout: configuration.connectTimeout)
            }
        } catch {
            throw failed(error, permit)
        }
        await waitForFirstConnect(until: deadline)
        let progress = await attempt.drive(until: deadline, waiter: .shared)
        switch consume progress {
        case .connected(let link):
            if let refusal = upstream.connected(link) {
                _ = consume link
                throw failed(refusal, permit)
            }
            let rules = upstream.rules
            let jitter = Double.random(in: 0..<1)
            let (action, mustSettle) = shared.withLock(giving: permit) { shared, permit in
                shared.retryQuota.succeeded()
                let mustSettle = shared.state.hasBreaker
                shared.lastConnectError = nil
                shared.state.capLives(idle: rules.longestIdle, life: rules.longestLife)
                return (shared.state.connectSucceeded(permit, now: .now, jitter: jitter, isUse: isUse), mustSettle)
            }
            guard action == .lend else {
                _ = consume link
                settle()
                throw rejected(.closed)
            }
            if mustSettle { settle() }  // The breaker may have closed.
            return PostgresConnection(link, id: id, configuration: configuration, upstream: upstream)
        case .failed(let error):
            if upstream.learns(from: error, configuration.settings) {
                return try await connect(permit, nil, until: deadline, isUse: isUse)
            }
            throw failed(error, permit)
        case .interrupted(let reason, let phase):
            leave(attempt, permit)
            throw gaveUp(reason, VernalError.Wait(phase))
        }
    }

    /// Opens connections until there are `minConnections`.
    func fill(until deadline: Moment) async throws(VernalError) {
        while let permit = shared.withLock({ $0.state.fillRequested(now: .now) }) {
            let connection = try await connect(permit, nil, until: deadline, isUse: false)
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

    private func failed(_ error: LibpqError, _ permit: consuming ConnectPermit) -> VernalError {
        failed(VernalError(connect: error), permit)
    }

    private func failed(_ failure: VernalError, _ permit: consuming ConnectPermit) -> VernalError {
        let sleepers = shared.withLock(giving: permit) { shared, permit in
            shared.lastConnectError = failure
            if failure.showsScarcity { shared.scarceUntil = .now + Self.scarcityMemory }
            if failure.advice?.retry == .slowly { shared.state.openBreakerAtOnce() }
            let rejected = shared.state.connectFailed(
                permit,
                isDefinite: !failure.isRetryable,
                now: .now,
                jitter: .random(in: 0..<1)
            )
            return rejected.compactMap { shared.put(.reject(.connectRefused), for: $0) }
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
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
