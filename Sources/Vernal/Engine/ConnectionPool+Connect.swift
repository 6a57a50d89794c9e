internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
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
        let isNew = parked == nil
        do throws(LibpqError) {
            if let parked {
                attempt = parked
            } else {
                attempt = try ConnectAttempt(configuration.settings, timeout: configuration.connectTimeout)
            }
        } catch {
            throw failed(error, permit)
        }
        if isNew {
            await waitForFirstConnect(until: deadline)
            if let refusal = await askForAdmission(id, until: deadline) { throw notAdmitted(refusal, permit) }
        }
        let progress = await attempt.drive(until: deadline, waiter: .shared)
        switch consume progress {
        case .connected(let link):
            let jitter = Double.random(in: 0..<1)
            let action = shared.withLock(giving: permit) { shared, permit in
                shared.patience.connectSucceeded()
                shared.lastConnectError = nil
                return shared.state.connectSucceeded(permit, now: .now, jitter: jitter, isUse: isUse)
            }
            guard action == .lend else {
                _ = consume link
                settle()
                throw rejected(.closed)
            }
            settle()  // One connect fewer is under way, and the breaker may have closed.
            return PostgresConnection(link, id: id, configuration: configuration)
        case .failed(let error):
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
        let failure = VernalError(connect: error)
        let isOverload = failure.connectTrouble == .overload(retryAfter: nil)
        let sleepers = shared.withLock(giving: permit) { shared, permit in
            shared.lastConnectError = failure
            if isOverload { shared.retention.connectRefused(now: .now, jitter: .random(in: 0..<1)) }
            let rejected = shared.state.connectFailed(
                permit,
                isDefinite: failure.connectTrouble == .definite,
                isOverload: isOverload,
                now: .now,
                jitter: .random(in: 0..<1)
            )
            return rejected.compactMap { shared.put(.reject(.connectRefused), for: $0) }
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
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
