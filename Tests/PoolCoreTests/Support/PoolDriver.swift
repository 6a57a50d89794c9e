import Moments
import PoolCore

typealias Instant = Moment

/// What an acquire or a waiter was told, in a form that can be compared: the driver keeps the permits.
enum Told: Hashable, Sendable {
    case lend(ConnectionID, LivenessCheck)
    case open(ConnectionID)
    case resume(ConnectionID)
    case wait(WaiterID, askAgain: Instant?)
    case askAgain(at: Instant)
    case reject(PoolRejection)

    var opened: ConnectionID? {
        if case .open(let connection) = self { connection } else { nil }
    }

    var isOpen: Bool { opened != nil }

    var waiter: WaiterID? {
        if case .wait(let waiter, _) = self { waiter } else { nil }
    }

    var timeToAskAgain: Instant? {
        switch self {
        case .wait(_, let time): time
        case .askAgain(let time): time
        case .lend, .open, .resume, .reject: nil
        }
    }
}

/// A waiter that `nextWake` named, and what it was told.
struct Woken: Hashable, Sendable {
    let waiter: WaiterID
    let told: Told
    /// What was found too old on the way.
    var closed: [ConnectionID] = []
}

/// A pool's state together with what its shell would hold: the permits, and a clock that only tests move.
final class PoolDriver {
    /// The instant at which each test begins.
    ///
    /// It is a constant, no reading of a clock.
    static let start = Moment(sinceBoot: .seconds(1_000_000))

    private(set) var state: PoolState
    var now = PoolDriver.start
    /// The connections that the last acquire found too old.
    private(set) var closed: [ConnectionID] = []
    private var permits: [ConnectionID: PermitBox] = [:]

    /// A pool that is not throttled, unless the test says so.
    init(_ configure: (inout PoolLimits) -> Void = { _ in }) {
        var limits = PoolLimits()
        limits.connectBurst = 1000
        limits.connectConcurrency = nil
        limits.halfOpenLimit = .seconds(3)
        configure(&limits)
        state = PoolState(limits)
    }

    deinit {
        // A permit must not be dropped, whatever the test was about.
        for box in permits.values {
            if let permit = box.take() { _ = state.connectFailed(permit, isDefinite: false) }
        }
    }

    var snapshot: PoolSnapshot { state.snapshot }
    var counts: PoolCounts { state.snapshot.counts }
    var counters: PoolCounters { state.snapshot.counters }
    var openPermits: Int { permits.count }

    // MARK: Events

    func acquire(patience: Duration = .seconds(5)) -> Told {
        take(state.acquireRequested(now: now, deadline: now + patience))
    }

    /// What an acquire would find that is made with no more than one look.
    func acquireAtOnce() -> ConnectionID? {
        closed = []
        guard let connection = state.freshConnection(now: now) else { return nil }
        state.freshLent(connection, now: now)
        return connection
    }

    func wasReported(_ connection: ConnectionID) -> Bool { state.wasReported(connection) }

    func tryAcquire() -> Told {
        take(state.tryAcquireRequested(now: now))
    }

    func foundDead(_ connection: ConnectionID, patience: Duration = .seconds(5)) -> Told {
        take(state.foundDead(connection, now: now, deadline: now + patience))
    }

    func ask(_ waiter: WaiterID) -> Told? {
        guard let action = state.askedAgain(waiter, now: now) else { return nil }
        return keep(action)
    }

    func wake() -> Woken? {
        guard let wake = state.nextWake(now: now) else { return nil }
        let waiter = wake.waiter
        let closed = wake.close
        return Woken(waiter: waiter, told: keep(wake.take()), closed: closed)
    }

    func leave(_ waiter: WaiterID, _ reason: PoolState.Leaving = .cancelled) -> Bool {
        state.waiterLeft(waiter, because: reason)
    }

    func connected(_ connection: ConnectionID, jitter: Double = 0) -> ConnectedAction? {
        guard let permit = permit(connection) else { return nil }
        return state.connectSucceeded(permit, now: now, jitter: jitter)
    }

    func failed(
        _ connection: ConnectionID,
        isDefinite: Bool = false,
        isOverload: Bool = false,
        jitter: Double = 0
    ) -> [WaiterID]? {
        guard let permit = permit(connection) else { return nil }
        return state.connectFailed(permit, isDefinite: isDefinite, isOverload: isOverload, now: now, jitter: jitter)
    }

    /// The connection that may be opened to fill the pool.
    func fill() -> ConnectionID? {
        guard let permit = state.fillRequested(now: now) else { return nil }
        return keep(permit)
    }

    func filled(_ connection: ConnectionID, jitter: Double = 0) -> ReturnAction? {
        guard let permit = permit(connection) else { return nil }
        guard state.connectSucceeded(permit, now: now, jitter: jitter, isUse: false) == .lend else { return .close }
        return state.leaseReturned(connection, .reusable, now: now)
    }

    func interrupted(_ connection: ConnectionID) -> InterruptedAction? {
        guard let permit = permit(connection) else { return nil }
        return state.connectInterrupted(permit)
    }

    func giveBack(_ connection: ConnectionID, _ returned: ReturnedState = .reusable) -> ReturnAction {
        state.leaseReturned(connection, returned, now: now)
    }

    func releaseIdle() -> [ConnectionID] { state.releaseIdle() }

    func thaw(gap: Duration) { state.processThawed(gap: gap) }

    func capLives(idle: Duration) { state.capLives(idle: idle, life: nil) }

    func invalidateAll() -> [ConnectionID] { state.invalidateAll() }

    func lost(_ connection: ConnectionID) -> [ConnectionID] { state.connectionLost(connection) }

    func resize(_ size: Int, overflow: Int = 0) -> [ConnectionID] { state.resize(size: size, maxOverflow: overflow) }

    func pause(for time: Duration) { state.pauseRequested(now: now, until: now + time) }

    func resume() { state.resumeRequested() }

    func overdue(_ threshold: Duration) -> [ConnectionID] { state.overdueLeases(now: now, threshold: threshold) }

    func shutDown() -> ShutdownAction { state.shutdownRequested() }

    // MARK: Permits

    private func take(_ decision: consuming AcquireDecision) -> Told {
        closed = decision.close
        return keep(decision.take())
    }

    private func keep(_ action: consuming AcquireAction) -> Told {
        switch consume action {
        case .lend(let connection, let check): .lend(connection, check)
        case .open(let permit): .open(keep(permit))
        case .resume(let permit): .resume(keep(permit))
        case .wait(let waiter, let askAgain): .wait(waiter, askAgain: askAgain)
        case .reject(let reason): .reject(reason)
        }
    }

    private func keep(_ handover: consuming Handover) -> Told {
        switch consume handover {
        case .lend(let connection, let check): .lend(connection, check)
        case .open(let permit): .open(keep(permit))
        case .resume(let permit): .resume(keep(permit))
        case .askAgain(let time): .askAgain(at: time)
        case .reject(let reason): .reject(reason)
        }
    }

    private func keep(_ permit: consuming ConnectPermit) -> ConnectionID {
        let connection = permit.connection
        permits[connection] = PermitBox(permit)
        return connection
    }

    private func permit(_ connection: ConnectionID) -> ConnectPermit? {
        permits.removeValue(forKey: connection)?.take()
    }
}

/// Holds a value with one owner where a dictionary cannot.
private final class PermitBox {
    private var permit: ConnectPermit?

    init(_ permit: consuming ConnectPermit) {
        self.permit = consume permit
    }

    func take() -> ConnectPermit? { permit.take() }
}
