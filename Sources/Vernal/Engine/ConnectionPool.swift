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
        /// Why the last connect failed; `nil` when it was made.
        var lastConnectError: VernalError?
        /// Whether connections are kept across a freeze.
        var retention = RetentionRule()
        var slotsCountedAt: Moment?
        var mayCountSlots = true
        var isFirstConnect = true
        var patience = ConnectPatience()
        /// What the connections were admitted with, if somebody is asked before each connect.
        var tickets: [ConnectionID: ConnectTicket] = [:]
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
    /// Whoever is asked before each connect.
    let gate: AdmissionGate?

    init(_ configuration: EngineConfiguration) {
        self.configuration = configuration
        let limits = configuration.limits
        var retention = RetentionRule.Limits()
        retention.policy = configuration.retention.policy
        gate = configuration.connectAdmission.map { AdmissionGate($0) }
        shared = Mutex(Shared(state: PoolState(limits), slots: (0..<limits.maxOpen).map { _ in PoolSlot() }))
        shared.withLock { shared in
            shared.retention = RetentionRule(retention)
            _ = shared.thawDetector.clocksRead(.now)
        }
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
                // Said by the server just now; an open breaker only repeats what it said.
                let trouble = error.connectTrouble
                guard error.serverMessage != nil else { throw error }
                let decision = shared.withLock { shared in
                    shared.patience.connectFailed(
                        trouble,
                        attempt: failures,
                        now: .now,
                        deadline: deadline,
                        jitter: .random(in: 0..<1)
                    )
                }
                guard case .again(let resumption) = decision else {
                    if trouble == .overload(retryAfter: nil) { leaveNote(failures: failures) }
                    throw error
                }
                _ = await SocketWaiter.shared.sleep(at: Parking(), until: resumption)
            }
        }
    }

    private func acquireOnce(until deadline: Moment) async throws(VernalError) -> PostgresConnection {
        guard !Task.isCancelled else { throw gaveUp(.cancelled, .poolQueue) }
        // Before anything is spent on it: a ping or a connect would only be begun.
        guard deadline > .now else { throw tooLate() }
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
        let gap = shared.withLock { shared in
            let gap = shared.thawDetector.clocksRead(.now)
            // The others rest in peace no longer, either.
            if gap > .zero { shared.state.processThawed(gap: max(gap, configuration.pingIdleAge + .seconds(1))) }
            return gap
        }
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
}
