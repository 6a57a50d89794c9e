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
    struct Shared: ~Copyable, Sendable {
        var state: PoolState
        /// How long callers go on asking a server that refuses them.
        var patience: ConnectPatience
        /// Whether connections are kept across a freeze.
        var retention: RetentionRule
        /// Where the connections lie.
        var slots = UniqueArray<PoolSlot>()
        var waiters = WaiterTable()
        /// Those who wait for the last connection to be closed.
        var drainers: [Parking] = []
        /// Why the last connect failed; `nil` when it was made.
        var lastConnectError: VernalError?
        var slotsCountedAt: Moment?
        var mayCountSlots = true
        var isFirstConnect = true
        /// What the connections were admitted with, if somebody is asked before each connect.
        var tickets = Dictionary<ConnectionID, ConnectTicket>()
        var thawDetector = ThawDetector()
        var watch: PoolWatch
        /// Sessions that were cleaned for the next caller.
        var resets = 0

        init(_ configuration: EngineConfiguration) {
            state = PoolState(configuration.limits)
            patience = ConnectPatience(configuration.acquireRetry.patience)
            retention = RetentionRule(configuration.retention.rule)
            watch = PoolWatch(configuration)
            growSlots()
        }

        /// Makes room for all the connections that the state may name.
        mutating func growSlots() {
            while slots.count < state.slotCapacity { slots.append(.empty) }
        }

        /// Takes a connection out that is to be closed.
        mutating func takeOut(_ connection: ConnectionID) -> Closing {
            Closing(
                content: slots[connection.slot].take(),
                connection: connection,
                reason: state.evictionReason(of: connection)
            )
        }
    }

    /// A connection whose place was given up, to be closed when the lock is released.
    struct Closing: ~Copyable, Sendable {
        let content: PoolSlot
        let connection: ConnectionID
        let reason: EvictionReason?
    }

    let configuration: EngineConfiguration
    let hooks: EngineHooks
    let events: EventHub
    let upstream: UpstreamWatch
    let connectionRules: ConnectionRules
    /// Whoever is asked before each connect.
    let gate: AdmissionGate?
    let shared: Mutex<Shared>
    private let generation = ForkGuard.generation

    init(_ configuration: EngineConfiguration, name: String?, hooks: EngineHooks) {
        self.configuration = configuration
        self.hooks = hooks
        events = EventHub(engine: name, hooks)
        upstream = UpstreamWatch(configuration) { [events] notice in events.tell(notice) }
        connectionRules = ConnectionRules(configuration, upstream)
        gate = configuration.connectAdmission.map { [events] admission in
            AdmissionGate(admission) { notice in events.tell(notice) }
        }
        shared = Mutex(Shared(configuration))
        shared.withLock { _ = $0.thawDetector.clocksRead(.now) }
        #if Metrics
        // Not without need: whoever is referred to weakly is slower to retain and to release, each time.
        events.count { [weak self] in
            self.map { pool in EngineStatus(pool.shared.withLock { $0.state.snapshot }) } ?? EngineStatus()
        }
        #endif
    }

    /// Whether this process was forked from the one that made the pool, whose connections are not its own.
    var isInherited: Bool { ForkGuard.hasForked(since: generation) }

    /// What an acquire does next: the state's action, with the things that belong to it.
    enum Step: ~Copyable, Sendable {
        case lend(BoxedConnection, LivenessCheck)
        case connect(ConnectPermit)
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

    /// Gets a connection that was in use a moment ago and has nothing to be done to it; `nil` when only `acquire` can tell.
    ///
    /// Nearly every acquire of a warm process ends here, so it costs one look at the clock and one lock, and no suspension.
    func acquireAtOnce(_ request: AcquireRequest) -> BoxedConnection? {
        guard lendsQuietly, !events.isObserved, !request.isCancelled, !isInherited, request.deadline > request.begun
        else { return nil }
        return shared.withLock { shared in
            guard let id = shared.state.freshConnection(now: request.begun),
                let connection = shared.slots[id.slot].takeConnection(if: { $0.isReady })
            else { return nil }
            shared.state.freshLent(id, now: request.begun)
            shared.watch.lent(id.slot, to: request.borrower)
            return connection
        }
    }

    /// Whether nothing but the pool has a say when a connection is lent.
    private var lendsQuietly: Bool { TraceSpan.isNothing && hooks.check == nil }

    /// Gets a connection that was alive a moment ago, opening one if need be.
    ///
    /// A server that is too busy to take a connection, or is just starting, is asked again after a random pause that grows,
    /// as long as the deadline and the quota of retries allow.
    ///
    /// - Throws: `VernalError` that says which wait ran out, or why there is no connection to be had.
    func acquire(_ request: AcquireRequest) async throws(VernalError) -> BoxedConnection {
        let span = TraceSpan("acquire", engine: events.engine)
        do throws(VernalError) {
            let connection = try await acquirePatiently(request)
            span.end()
            return connection
        } catch {
            span.end(error)
            throw error
        }
    }

    private func acquirePatiently(_ request: AcquireRequest) async throws(VernalError) -> BoxedConnection {
        var failures = 0
        while true {
            do throws(VernalError) {
                let connection = try await acquireOnce(request, isRetry: failures > 0)
                if events.isObserved { tellAcquired(connection.value, request) }
                return connection
            } catch {
                failures += 1
                if error.code == .authenticationFailed, hooks.credentials != nil, failures == 1 {
                    continue  // With new ones: the old ones may have been too old.
                }
                guard configuration.acquireRetry.allowsRetry(after: failures, error) else {
                    throw acquireFailed(error, request)
                }
                let decision = shared.withLock { shared in
                    shared.patience.connectFailed(
                        error.connectTrouble,
                        attempt: failures,
                        now: .now,
                        deadline: request.deadline,
                        jitter: .random(in: 0..<1)
                    )
                }
                guard case .again(let resumption) = decision else {
                    if error.isOverload { leaveNote(failures: failures) }
                    throw acquireFailed(error, request)
                }
                _ = await SocketWaiter.shared.sleep(at: Parking(), until: resumption)
            }
        }
    }

    private func acquireOnce(
        _ request: AcquireRequest,
        isRetry: Bool
    ) async throws(VernalError) -> BoxedConnection {
        try checkChance(of: request)
        let step = decide(request) { shared in
            if shared.wouldWaitForItself(request.borrower) { return shared.state.nestedAcquireRequested() }
            return shared.state.acquireRequested(now: .now, deadline: request.deadline, isRetry: isRetry)
        }
        return try await follow(step, request)
    }

    /// Gets a connection if that takes no waiting for others; `nil` if it would.
    ///
    /// - Throws: as `acquire`.
    func tryAcquire(_ request: AcquireRequest) async throws(VernalError) -> BoxedConnection? {
        do throws(VernalError) {
            try checkChance(of: request)
            let step = decide(request) { $0.state.tryAcquireRequested(now: .now) }
            if step.isMiss { return nil }
            let connection = try await follow(step, request)
            if events.isObserved { tellAcquired(connection.value, request) }
            return connection
        } catch {
            throw acquireFailed(error, request)
        }
    }

    /// Refuses what can come to nothing, before anything is spent on it: a ping or a connect would only be begun.
    func checkChance(of request: AcquireRequest) throws(VernalError) {
        guard !CurrentTask.isCancelled else { throw gaveUp(.cancelled, .poolQueue) }
        guard !isInherited else { throw inherited() }
        guard request.deadline > .now else { throw tooLate() }
    }

    /// Does what the state says until there is a connection.
    private func follow(
        _ first: consuming Step,
        _ request: AcquireRequest
    ) async throws(VernalError) -> BoxedConnection {
        var step = Optional(first)
        while let current = step.take() {
            switch consume current {
            case .lend(var connection, let check):
                let isFit = await connection.value.isFit(after: afterThaw(check), until: request.deadline, self)
                // The task may have been cancelled in the very moment in which it was handed the connection.
                if CurrentTask.isCancelled {
                    giveBack(connection, isFit ? .reusable : .broken)
                    throw gaveUp(.cancelled, .poolQueue)
                }
                if isFit { return connection }
                // Closed before its successor is opened, so that the server does not see one too many.
                let dead = connection.value.id
                _ = consume connection
                step = decide(request) { $0.state.foundDead(dead, now: .now, deadline: request.deadline) }
                tellEvicted(dead, .broken)
                settle()
            case .connect(let permit):
                return try await connect(permit, request)
            case .wait(let id, let waiter, let askAgain):
                if askAgain != nil { events.emit(.throttled) { $0.callSite = request.borrower.site } }
                step = try await wait(id, waiter, askAgain: askAgain, request)
            case .reject(let reason):
                throw rejected(reason, request.borrower)
            }
        }
        throw rejected(.closed, request.borrower)
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
        guard gap > .zero else { return check }
        events.emit(.thawed) { $0.duration = gap }
        return .ping
    }

    /// Lets the state decide, and closes what the decision found too old.
    private func decide(_ request: AcquireRequest, _ event: (inout Shared) -> AcquireDecision) -> Step {
        var expired = UniqueArray<Closing>()
        let step = shared.withLock { shared in
            let decision = event(&shared)
            for connection in decision.close { expired.append(shared.takeOut(connection)) }
            return shared.step(for: decision.take(), request.borrower)
        }
        finish(&expired)
        return step
    }

    /// Closes connections whose places were given up.
    func finish(_ closing: inout UniqueArray<Closing>) {
        closing.drain { closing in
            let (connection, reason) = (closing.connection, closing.reason)
            _ = consume closing
            tellEvicted(connection, reason)
        }
    }
}
