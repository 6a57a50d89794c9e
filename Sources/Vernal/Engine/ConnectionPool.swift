internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

/// The shell around `PoolState`: it tells the state what happened, under one lock, and does what the state says, with
/// the lock released.
///
/// Nothing runs in the background. Whoever acquires also connects, checks and closes what has become too old, in its own
/// task and within its own deadline.
final class ConnectionPool: Sendable {
    struct Shared: Sendable {
        var state: PoolState
        /// Where the connections lie.
        ///
        /// A place is replaced when its connection is to be closed, so that a later connection of the same slot never
        /// meets the earlier one.
        var slots: [PoolSlot]
        var waiters: [WaiterID: Waiter] = [:]
        /// Those who wait for the last connection to be closed.
        var drainers: [Parking] = []
        var lastConnectFailure: VernalError.ConnectFailure?
        /// Until when the server counts as short of connection slots, because it has said that it had none left.
        var scarceUntil: Moment?
        var isFirstConnect = true
        var retryQuota = RetryQuota()
        var thawDetector = ThawDetector()

        /// Takes the place of a connection that is to be closed.
        mutating func takeSlot(_ connection: ConnectionID) -> PoolSlot {
            let slot = slots[connection.slot]
            slots[connection.slot] = PoolSlot()
            return slot
        }
    }

    let configuration: EngineConfiguration
    let shared: Mutex<Shared>

    init(_ configuration: EngineConfiguration) {
        self.configuration = configuration
        let limits = configuration.limits
        shared = Mutex(Shared(state: PoolState(limits), slots: (0..<limits.maxOpen).map { _ in PoolSlot() }))
    }

    /// What an acquire does next: the state's action, with the things that belong to it.
    enum Step: ~Copyable, Sendable {
        case lend(PostgresConnection, LivenessCheck)
        case connect(ConnectPermit, ConnectAttempt?)
        case wait(WaiterID, Waiter, askAgain: Moment?)
        case reject(PoolRejection)

        /// Whether there is nothing to be had without waiting.
        var isMiss: Bool {
            switch self {
            case .reject(.wouldWait): true
            case .reject: false
            case .lend: false
            case .connect: false
            case .wait: false
            }
        }
    }

    /// Gets a connection that was alive a moment ago, opening one if need be.
    ///
    /// A server that is too busy to take a connection, or is just starting, is asked again after a random pause that grows,
    /// as long as the deadline and the quota of retries allow.
    ///
    /// - Throws: `VernalError` that says which wait ran out, or why there is no connection to be had.
    func acquire(until deadline: Moment) async throws(VernalError) -> PostgresConnection {
        var failures = 0
        while true {
            do throws(VernalError) {
                return try await acquireOnce(until: deadline)
            } catch {
                failures += 1
                guard error.code == .connectFailed, error.sqlState?.asksForPatience == true else { throw error }
                let resumption = Moment.now + Backoff.delay(attempt: failures, jitter: .random(in: 0..<1))
                guard resumption < deadline, shared.withLock({ $0.retryQuota.retryRequested() }) else { throw error }
                _ = await SocketWaiter.shared.sleep(at: Parking(), until: resumption)
            }
        }
    }

    private func acquireOnce(until deadline: Moment) async throws(VernalError) -> PostgresConnection {
        guard !Task.isCancelled else { throw gaveUp(.cancelled, .poolQueue) }
        return try await follow(decide { $0.acquireRequested(now: .now, deadline: deadline) }, until: deadline)
    }

    /// Gets a connection if that takes no waiting for others; `nil` if it would.
    ///
    /// - Throws: as `acquire`.
    func tryAcquire(until deadline: Moment) async throws(VernalError) -> PostgresConnection? {
        guard !Task.isCancelled else { throw gaveUp(.cancelled, .poolQueue) }
        let step = decide { $0.tryAcquireRequested(now: .now) }
        if step.isMiss { return nil }
        return try await follow(step, until: deadline)
    }

    /// Does what the state says until there is a connection.
    private func follow(_ first: consuming Step, until deadline: Moment) async throws(VernalError) -> PostgresConnection
    {
        var step = Optional(first)
        while let current = step.take() {
            switch consume current {
            case .lend(var connection, let check):
                let isAlive = await connection.isAlive(afterThaw(check), until: deadline, configuration)
                // The task may have been cancelled in the very moment in which it was handed the connection.
                if Task.isCancelled {
                    giveBack(connection, isAlive ? .reusable : .broken)
                    throw gaveUp(.cancelled, .poolQueue)
                }
                if isAlive { return connection }
                // Closed before its successor is opened, so that the server does not see one too many.
                let dead = connection.id
                _ = consume connection
                step = decide { $0.foundDead(dead, now: .now, deadline: deadline) }
                settle()
            case .connect(let permit, let attempt):
                return try await connect(permit, attempt, until: deadline)
            case .wait(let id, let waiter, let askAgain):
                step = try await wait(id, waiter, askAgain: askAgain, until: deadline)
            case .reject(let reason):
                throw rejected(reason)
            }
        }
        throw rejected(.closed)
    }

    /// A connection that has rested is asked for a sign of life when the clocks disagree about how long that was: then the
    /// machine was suspended or restored, and nothing that is known of its connections holds.
    private func afterThaw(_ check: LivenessCheck) -> LivenessCheck {
        guard check != .none else { return .none }
        let gap = shared.withLock { $0.thawDetector.clocksRead(.now) }
        return gap > .zero ? .ping : check
    }

    /// Lets the state decide, and closes what the decision found too old.
    private func decide(_ event: (inout PoolState) -> AcquireDecision) -> Step {
        var expired: [PoolSlot] = []
        let step = shared.withLock { shared in
            let decision = event(&shared.state)
            for connection in decision.close { expired.append(shared.takeSlot(connection)) }
            return shared.step(for: decision.take())
        }
        for slot in expired { slot.clear() }
        return step
    }

    // MARK: Waiting

    private func wait(
        _ id: WaiterID,
        _ waiter: Waiter,
        askAgain: Moment?,
        until deadline: Moment
    ) async throws(VernalError) -> Step? {
        var askAgain = askAgain
        while true {
            let reason = await waiter.sleep(until: min(askAgain ?? deadline, deadline))
            if let handover = waiter.take() {
                askAgain = handover.timeToAskAgain
                if askAgain != nil { continue }
                return shared.withLock(giving: handover) { shared, handover in shared.step(for: handover) }
            }
            if reason == .timedOut, let time = askAgain, time < deadline {
                askAgain = nil
                let step: Step? = shared.withLock { shared in
                    guard let action = shared.state.askedAgain(id, now: .now) else { return nil }
                    if action.isWait {
                        askAgain = action.timeToAskAgain
                        return nil
                    }
                    shared.waiters[id] = nil
                    return shared.step(for: action)
                }
                settle()
                if step != nil { return step }
                continue
            }
            let leaving: PoolState.Leaving = reason == .cancelled ? .cancelled : .timedOut
            let wasWaiting = shared.withLock { shared in
                shared.waiters[id] = nil
                return shared.state.waiterLeft(id, because: leaving)
            }
            // If it was not, something was put down in this very moment: the next round finds it.
            guard wasWaiting else { continue }
            settle()
            throw gaveUp(leaving == .cancelled ? .cancelled : .timedOut, .poolQueue)
        }
    }

    /// Serves waiters for whom there is something, until there is nothing more, and wakes those who wait for the pool to be
    /// empty.
    func settle() {
        while true {
            var expired: [PoolSlot] = []
            let (sleepers, isDone) = shared.withLock { shared -> ([Parking], Bool) in
                if shared.state.isClosed, shared.state.isEmpty {
                    defer { shared.drainers = [] }
                    return (shared.drainers, true)
                }
                guard let wake = shared.state.nextWake(now: .now) else { return ([], true) }
                for connection in wake.close { expired.append(shared.takeSlot(connection)) }
                let waiter = wake.waiter
                let parking = shared.put(wake.take(), for: waiter)
                return (parking.map { [$0] } ?? [], false)
            }
            for slot in expired { slot.clear() }
            for sleeper in sleepers { sleeper.wake(.ready) }
            if isDone { return }
        }
    }

    // MARK: Returning

    /// Takes a connection back from its borrower.
    ///
    /// A session between transactions costs no round trip. An open transaction is rolled back within a bound,
    /// whether or not the task was cancelled; anything else is closed.
    func release(_ connection: consuming PostgresConnection) async {
        switch connection.link.transactionStatus {
        case .idle:
            giveBack(connection, .reusable)
        case .inTransaction, .inFailedTransaction:
            let isClean = await connection.rollBack(until: .now + configuration.rollbackTimeout)
            giveBack(connection, isClean ? .reusable : .broken)
        case .active, .unknown:
            if connection.wasEndedByServer { invalidateOthers(than: connection.id) }
            giveBack(connection, .broken)
        }
    }

    /// A server that ends one connection by a restart or a failover has ended the others, too: nobody is to find that out
    /// for himself.
    private func invalidateOthers(than connection: ConnectionID) {
        close { $0.connectionLost(connection) }
    }

    /// Closes the connections that an event names, all of which nobody uses.
    func close(_ event: (inout PoolState) -> [ConnectionID]) {
        var unused: [PoolSlot] = []
        shared.withLock { shared in
            for connection in event(&shared.state) { unused.append(shared.takeSlot(connection)) }
            while shared.slots.count < shared.state.slotCapacity { shared.slots.append(PoolSlot()) }
        }
        for slot in unused { slot.clear() }
        settle()
    }

    private func giveBack(_ connection: consuming PostgresConnection, _ returned: ReturnedState) {
        let id = connection.id
        var connection = Optional(connection)
        // A broken connection is closed first, so that its successor is not one too many at the server.
        if returned == .broken { connection = nil }
        place(connection.take(), id) { $0.leaseReturned(id, returned, now: .now) }
    }

    /// Puts a connection where the state wants it: into its slot, into somebody's hands, or away.
    func place(
        _ connection: consuming PostgresConnection?,
        _ id: ConnectionID,
        _ event: (inout PoolState) -> ReturnAction
    ) {
        var connection = connection
        let (sleeper, mustSettle) = shared.withLock { shared -> (Parking?, Bool) in
            switch event(&shared.state) {
            case .park:
                if let connection = connection.take() { shared.slots[id.slot].park(connection) }
                return (nil, false)
            case .hand(let waiter):
                if let connection = connection.take() { shared.slots[id.slot].park(connection) }
                return (shared.put(.lend(id, .none), for: waiter), true)
            case .close:
                return (nil, true)
            }
        }
        sleeper?.wake(.ready)
        connection = nil
        if mustSettle { settle() }
    }

    // MARK: Ending

    /// Ends the pool: waiters are told at once, idle connections are closed, and those in use are waited for.
    func shutDown(until deadline: Moment) async {
        var unused: [PoolSlot] = []
        let drained = Parking()
        let sleepers = shared.withLock { shared in
            let action = shared.state.shutdownRequested()
            for connection in action.close { unused.append(shared.takeSlot(connection)) }
            shared.drainers.append(drained)
            return action.reject.compactMap { shared.put(.reject(.closed), for: $0) }
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
        for slot in unused { slot.clear() }
        settle()
        _ = await SocketWaiter.shared.sleep(at: drained, until: deadline)
    }
}

extension ConnectionPool.Shared {
    /// Puts what the state decided together with what belongs to it.
    mutating func step(for action: consuming AcquireAction) -> ConnectionPool.Step {
        switch consume action {
        case .lend(let connection, let check):
            return lend(connection, check)
        case .open(let permit):
            return .connect(permit, nil)
        case .resume(let permit):
            let attempt = slots[permit.connection.slot].takeAttempt()
            return .connect(permit, attempt)
        case .wait(let id, let askAgain):
            let waiter = Waiter()
            waiters[id] = waiter
            return .wait(id, waiter, askAgain: askAgain)
        case .reject(let reason):
            return .reject(reason)
        }
    }

    mutating func step(for handover: consuming Handover) -> ConnectionPool.Step {
        switch consume handover {
        case .lend(let connection, let check): lend(connection, check)
        case .open(let permit): step(for: AcquireAction.open(permit))
        case .resume(let permit): step(for: AcquireAction.resume(permit))
        case .reject(let reason): .reject(reason)
        case .askAgain: .reject(.closed)
        }
    }

    private func lend(_ connection: ConnectionID, _ check: LivenessCheck) -> ConnectionPool.Step {
        // A connection that the state calls idle or handed over lies in its slot: both change under one lock.
        guard let parked = slots[connection.slot].takeConnection() else {
            preconditionFailure("\(connection) is not where it was parked")
        }
        return .lend(parked, check)
    }

    /// Puts something down for a waiter.
    ///
    /// - Returns: where the waiter sleeps.
    mutating func put(_ handover: consuming Handover, for id: WaiterID) -> Parking? {
        guard let waiter = waiters[id] else { preconditionFailure("\(id) is queued but has no place to wait") }
        let staysQueued = handover.timeToAskAgain != nil
        let parking = waiter.put(handover)
        if !staysQueued { waiters[id] = nil }
        return parking
    }
}
