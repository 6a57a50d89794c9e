import Moments
import PoolCore

/// A step that the rules of a pool forbid.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The rules of a pool, written down a second time, in the plainest data structures.
///
/// It decides nothing: it is told each event together with the pool's answer, and throws when the answer is not allowed.
struct ReferenceModel {
    enum Phase: Equatable {
        case opening, halfOpen, idle, leased
    }

    struct Connection {
        var phase: Phase
        let begun: Instant
        var endOfLife: Instant?
        var cameBack: Instant?
        var frozenFor = Duration.zero
    }

    let limits: PoolLimits
    /// Everything that holds a place, in any phase.
    private(set) var connections: [ConnectionID: Connection] = [:]
    /// Idle connections, the one that came back last at the end.
    private(set) var idle: [ConnectionID] = []
    /// Who waits, who is next at the beginning.
    private(set) var queue: [WaiterID] = []
    /// Those who wait for a time to ask again.
    private(set) var told: [WaiterID: Instant] = [:]
    private(set) var isClosed = false
    private(set) var counters = Counters()
    private var seenConnections: Set<ConnectionID> = []
    private var seenWaiters: Set<WaiterID> = []
    private var bucket: ReferenceBucket
    private var latest: Instant
    /// A clock that was set back mixes up the order of the idle ones, so less can be demanded.
    private(set) var clockWasSetBack = false

    struct Counters: Equatable {
        var acquires = 0, waits = 0, rejections = 0, waitTimeouts = 0, waitCancellations = 0
        var connects = 0, connectFailures = 0, expiries = 0, losses = 0
    }

    init(_ limits: PoolLimits, start: Instant) {
        self.limits = limits
        latest = start
        bucket = ReferenceBucket(burst: limits.connectBurst, rate: limits.connectRate, start: start)
    }

    func count(_ phase: Phase) -> Int { connections.values.count { $0.phase == phase } }
    func all(_ phase: Phase) -> [ConnectionID] {
        connections.filter { $0.value.phase == phase }.keys.sorted { $0.slot < $1.slot }
    }
    var limit: Int { limits.size + limits.maxOverflow }
    var hasPlace: Bool { connections.count < limit }

    mutating func clockMoved(to now: Instant) {
        if now < latest { clockWasSetBack = true }
        latest = now
    }

    // MARK: Acquiring

    mutating func acquired(_ told: Told, closed: [ConnectionID], now: Instant, deadline: Instant) throws(Violation) {
        counters.acquires += 1
        try decided(told, closed: closed, now: now, deadline: deadline, isNew: true)
    }

    mutating func foundDead(
        _ connection: ConnectionID,
        _ told: Told,
        closed: [ConnectionID],
        now: Instant,
        deadline: Instant
    ) throws(Violation) {
        try expect(.leased, connection, "found dead")
        connections[connection] = nil
        counters.losses += 1
        try decided(told, closed: closed, now: now, deadline: deadline, isNew: false)
    }

    private mutating func decided(
        _ answer: Told,
        closed: [ConnectionID],
        now: Instant,
        deadline: Instant,
        isNew: Bool
    ) throws(Violation) {
        for connection in closed { try close(connection, now: now) }
        try nothingStaysTooLong(now: now)
        if let newest = idle.last {
            let check = try check(newest, now: now)
            guard answer == .lend(newest, check) else {
                throw Violation("\(newest) was to be lent (\(check)): \(answer)")
            }
            guard queue.isEmpty || !isNew else { throw Violation("lent although somebody waited for it") }
            idle.removeLast()
            connections[newest]?.phase = .leased
            return
        }
        if isClosed { return try refused(answer, .closed) }
        var wait: Double?
        if !isNew || queue.isEmpty {
            if count(.halfOpen) > 0 { return try resumed(answer) }
            if hasPlace {
                let seconds = bucket.secondsToNext(at: now)
                if answer.opened != nil || seconds < -1e-6 { return try opened(answer, now: now, seconds: seconds) }
                wait = seconds
                if connections.isEmpty, now + .seconds(seconds) > deadline + .milliseconds(2) {
                    guard case .reject(.throttled(let time)) = answer else {
                        throw Violation("waits for a token that comes after the deadline: \(answer)")
                    }
                    try isRight(time, in: seconds, now: now)
                    counters.rejections += 1
                    return
                }
                if connections.isEmpty, case .reject(.throttled(let time)) = answer, time > deadline {
                    try isRight(time, in: seconds, now: now)
                    counters.rejections += 1
                    return
                }
            }
        }
        if isNew, queue.count >= limits.maxWaiters { return try refused(answer, .tooManyWaiters) }
        guard case .wait(let waiter, let time) = answer else { throw Violation("was to wait: \(answer)") }
        guard seenWaiters.insert(waiter).inserted else { throw Violation("\(waiter) was in the queue before") }
        guard (time == nil) == (wait == nil) else {
            throw Violation("waits, and was told to ask again at \(time as Any)")
        }
        if let time, let wait { try isRight(time, in: wait, now: now) }
        queue.insert(waiter, at: isNew ? queue.count : 0)
        told[waiter] = time
        counters.waits += 1
    }

    private mutating func refused(_ answer: Told, _ reason: PoolRejection) throws(Violation) {
        guard answer == .reject(reason) else { throw Violation("was to be rejected, \(reason): \(answer)") }
        counters.rejections += 1
    }

    private mutating func opened(_ answer: Told, now: Instant, seconds: Double) throws(Violation) {
        guard case .open(let connection) = answer else { throw Violation("there is a place and a token: \(answer)") }
        guard seconds <= 1e-6 else { throw Violation("opened \(seconds) s before there was a token") }
        guard !isClosed else { throw Violation("a closed pool opens") }
        guard hasPlace else { throw Violation("opened one too many") }
        guard seenConnections.insert(connection).inserted else { throw Violation("\(connection) was there before") }
        guard !connections.keys.contains(where: { $0.slot == connection.slot }) else {
            throw Violation("the place of \(connection) is taken")
        }
        connections[connection] = Connection(phase: .opening, begun: now)
        bucket.pay(at: now)
        counters.connects += 1
    }

    private mutating func resumed(_ answer: Told) throws(Violation) {
        guard case .resume(let connection) = answer else { throw Violation("a half-open connection waits: \(answer)") }
        try expect(.halfOpen, connection, "resumed")
        connections[connection]?.phase = .opening
    }

    /// A time to ask again is when there will be a token: not much sooner, not much later.
    private func isRight(_ time: Instant, in seconds: Double, now: Instant) throws(Violation) {
        let said = (time - now) / .seconds(1)
        guard said > 0, abs(said - max(seconds, 0.001)) < 0.0011 else {
            throw Violation("told to ask again in \(said) s, a token comes in \(seconds) s")
        }
    }

    // MARK: Waiting

    mutating func asked(_ waiter: WaiterID, _ answer: Told?, now: Instant) throws(Violation) {
        guard let place = queue.firstIndex(of: waiter) else {
            guard answer == nil else { throw Violation("\(waiter) does not wait: \(answer as Any)") }
            return
        }
        guard let answer else { throw Violation("\(waiter) waits and got no answer") }
        told[waiter] = nil
        if place == 0, count(.halfOpen) > 0 {
            queue.removeFirst()
            return try resumed(answer)
        }
        guard place == 0, hasPlace else {
            guard answer == .wait(waiter, askAgain: nil) else { throw Violation("it is not its turn: \(answer)") }
            return
        }
        let seconds = bucket.secondsToNext(at: now)
        if answer.opened != nil || seconds < -1e-6 {
            queue.removeFirst()
            return try opened(answer, now: now, seconds: seconds)
        }
        guard case .wait(waiter, let time?) = answer else { throw Violation("was to be told a time: \(answer)") }
        try isRight(time, in: seconds, now: now)
        told[waiter] = time
    }

    mutating func woken(_ woken: Woken, now: Instant) throws(Violation) {
        guard woken.waiter == queue.first else { throw Violation("\(woken.waiter) was not next") }
        if count(.halfOpen) > 0 {
            queue.removeFirst()
            return try resumed(woken.told)
        }
        guard hasPlace else { throw Violation("woken, but there is no place") }
        let seconds = bucket.secondsToNext(at: now)
        if case .askAgain(let time) = woken.told, seconds >= -1e-6 {
            try isRight(time, in: seconds, now: now)
            told[woken.waiter] = time
            return
        }
        queue.removeFirst()
        try opened(woken.told, now: now, seconds: seconds)
    }

    /// There was nobody to wake.
    func nobodyWoken() throws(Violation) {
        guard let next = queue.first else { return }
        guard count(.halfOpen) == 0 else { throw Violation("\(next) waits beside a half-open connection") }
        guard idle.isEmpty else { throw Violation("\(next) waits beside an idle connection") }
        guard !hasPlace || told[next] != nil else { throw Violation("\(next) waits beside a place and knows no time") }
    }

    mutating func left(_ waiter: WaiterID, _ reason: PoolState.Leaving, _ answer: Bool) throws(Violation) {
        let place = queue.firstIndex(of: waiter)
        guard answer == (place != nil) else { throw Violation("\(waiter) left: \(answer)") }
        guard let place else { return }
        queue.remove(at: place)
        told[waiter] = nil
        if reason == .timedOut { counters.waitTimeouts += 1 } else { counters.waitCancellations += 1 }
    }

    // MARK: Connecting

    mutating func connected(
        _ connection: ConnectionID,
        jitter: Double,
        _ answer: ConnectedAction,
        now: Instant
    ) throws(Violation) {
        try expect(.opening, connection, "connected")
        guard answer == (isClosed ? .close : .lend) else { throw Violation("connected: \(answer)") }
        let endOfLife = now + limits.maxLifetime * (1 - limits.lifetimeJitter * jitter)
        connections[connection]?.phase = .leased
        connections[connection]?.endOfLife = endOfLife
        if answer == .close { connections[connection] = nil }
    }

    mutating func failed(_ connection: ConnectionID, isDefinite: Bool, rejected: [WaiterID]) throws(Violation) {
        try expect(.opening, connection, "failed")
        connections[connection] = nil
        counters.connectFailures += 1
        guard rejected == (isDefinite && count(.leased) == 0 ? queue : []) else {
            throw Violation("a connect failed, and these were rejected: \(rejected)")
        }
        reject(rejected)
    }

    private mutating func reject(_ waiters: [WaiterID]) {
        counters.rejections += waiters.count
        for waiter in waiters { told[waiter] = nil }
        queue.removeAll(where: waiters.contains)
    }

    mutating func interrupted(_ connection: ConnectionID, _ answer: InterruptedAction) throws(Violation) {
        try expect(.opening, connection, "interrupted")
        guard answer == (isClosed ? .close : .keep) else { throw Violation("interrupted: \(answer)") }
        connections[connection]?.phase = .halfOpen
        if answer == .close { connections[connection] = nil }
    }

    // MARK: Returning

    mutating func returned(
        _ connection: ConnectionID,
        _ state: ReturnedState,
        _ answer: ReturnAction,
        now: Instant
    ) throws(Violation) {
        try expect(.leased, connection, "returned")
        let isOld = connections[connection]?.endOfLife.map { $0 <= now } ?? true
        let isKept = state == .reusable && !isClosed && !isOld
        if state == .broken { counters.losses += 1 } else if isOld, !isClosed { counters.expiries += 1 }
        let expected: ReturnAction =
            if isKept, let next = queue.first {
                .hand(to: next)
            } else if isKept, connections.count - count(.halfOpen) <= limits.size {
                .park
            } else {
                .close
            }
        guard answer == expected else { throw Violation("\(connection) came back: \(answer), not \(expected)") }
        switch answer {
        case .hand(let waiter):
            queue.removeFirst()
            told[waiter] = nil
        case .park:
            let lifeEndsBy = now + limits.maxLifetime
            let endOfLife = min(connections[connection]?.endOfLife ?? lifeEndsBy, lifeEndsBy)
            connections[connection]?.phase = .idle
            connections[connection]?.cameBack = now
            connections[connection]?.frozenFor = .zero
            connections[connection]?.endOfLife = endOfLife
            idle.append(connection)
        case .close:
            connections[connection] = nil
        }
    }

    // MARK: Ages

    private mutating func close(_ connection: ConnectionID, now: Instant) throws(Violation) {
        guard let known = connections[connection] else { throw Violation("\(connection) is closed, but is not there") }
        let isTooOld: Bool
        switch known.phase {
        case .halfOpen:
            isTooOld = now < known.begun || max(now - known.begun, known.frozenFor) > limits.halfOpenLimit
        case .idle:
            let age = age(known, now: now)
            isTooOld =
                known.endOfLife.map { $0 <= now } ?? false || age > limits.hardIdleLimit
                || (age > limits.idleTimeout && connections.count > limits.minConnections)
        case .opening, .leased:
            throw Violation("\(connection) is closed while somebody has it")
        }
        guard isTooOld else { throw Violation("\(connection) is closed too soon") }
        connections[connection] = nil
        idle.removeAll { $0 == connection }
        counters.expiries += 1
    }

    // MARK: Ending

    mutating func thawed(gap: Duration) {
        for (connection, known) in connections where known.phase == .idle || known.phase == .halfOpen {
            connections[connection]?.frozenFor = max(known.frozenFor, gap)
        }
    }

    mutating func released(_ closed: [ConnectionID]) throws(Violation) {
        guard Set(closed) == Set(all(.idle) + all(.halfOpen)), closed.count == Set(closed).count else {
            throw Violation("released: \(closed)")
        }
        for connection in closed { connections[connection] = nil }
        idle = []
    }

    mutating func shutDown(_ action: ShutdownAction) throws(Violation) {
        isClosed = true
        try released(action.close)
        guard action.reject == queue else { throw Violation("a shutdown rejected \(action.reject)") }
        reject(action.reject)
    }

    // MARK: Always

    private func expect(_ phase: Phase, _ connection: ConnectionID, _ event: String) throws(Violation) {
        guard connections[connection]?.phase == phase else {
            throw Violation("\(connection) \(event), but is \(connections[connection]?.phase as Any)")
        }
    }
}
