import Moments
import PoolCore

/// Connections that are made, lent, come back and are closed.
extension ReferenceModel {
    mutating func lend(_ connection: ConnectionID, now: Instant, isUse: Bool = true) {
        connections[connection]?.phase = .leased
        connections[connection]?.leasedAt = now
        connections[connection]?.isReported = false
        if isUse { connections[connection]?.uses += 1 }
    }

    mutating func evict(_ connection: ConnectionID, _ reason: EvictionReason) {
        if let known = connections[connection], known.phase == .leased, known.isReported {
            counters.leaksWithdrawn += 1
        }
        connections[connection] = nil
        idle.removeAll { $0 == connection }
        counters.evictions[reason, default: 0] += 1
    }

    // MARK: Connecting

    mutating func connected(
        _ connection: ConnectionID,
        jitter: Double,
        _ answer: ConnectedAction,
        now: Instant
    ) throws(Violation) {
        guard answer == (isClosed ? .close : .lend) else { throw Violation("connected: \(answer)") }
        try made(connection, jitter: jitter, isUse: true, now: now)
    }

    private mutating func made(
        _ connection: ConnectionID,
        jitter: Double,
        isUse: Bool,
        now: Instant
    ) throws(Violation) {
        try expect(.opening, connection, "connected")
        if let breaker, !breaker.isClosed { told = [:] }
        breaker?.succeeded()
        if isClosed { return evict(connection, .released) }
        lend(connection, now: now, isUse: isUse)
        connections[connection]?.endOfLife = now + limits.maxLifetime * (1 - limits.lifetimeJitter * jitter)
    }

    /// Somebody asked for a permit to fill the pool.
    mutating func fillAsked(_ connection: ConnectionID?, now: Instant) throws(Violation) {
        let mayFill =
            !isClosed && limits.keepsConnections && queue.isEmpty && pauseEnd(now) == nil
            && connections.count < min(limits.minConnections, limits.size) && breaker?.heldUntil(now) == nil
        guard mayFill, mayBegin else {
            guard connection == nil else { throw Violation("filled without need") }
            return
        }
        let seconds = bucket.secondsToNext(at: now)
        guard let connection else {
            guard seconds >= -1e-6 else { throw Violation("there is a token, and the pool is not filled") }
            counters.throttled += 1
            return
        }
        try opened(.open(connection), now: now, seconds: seconds)
    }

    mutating func filled(
        _ connection: ConnectionID,
        jitter: Double,
        _ answer: ReturnAction,
        now: Instant
    ) throws(Violation) {
        try made(connection, jitter: jitter, isUse: false, now: now)
        if isClosed {
            guard answer == .close else { throw Violation("filled a closed pool") }
        } else {
            try returned(connection, .reusable, answer, now: now)
        }
    }

    mutating func failed(
        _ connection: ConnectionID,
        isDefinite: Bool,
        isOverload: Bool = false,
        jitter: Double = 0,
        rejected: [WaiterID],
        now: Instant
    ) throws(Violation) {
        try expect(.opening, connection, "failed")
        if isOverload {
            bucket.empty(at: now)
            counters.overloads += 1
        }
        let wasClosed = breaker?.isClosed ?? true
        if breaker?.failed(connection, isDefinite: isDefinite, now: now, jitter: jitter) == true {
            counters.breakerOpenings += 1
            told = [:]
        } else if !wasClosed, breaker?.isClosed == true {
            told = [:]
        }
        connections[connection] = nil
        counters.connectFailures += 1
        guard rejected == (isDefinite && count(.leased) == 0 ? queue : []) else {
            throw Violation("a connect failed, and these were rejected: \(rejected)")
        }
        reject(rejected)
    }

    mutating func reject(_ waiters: [WaiterID]) {
        counters.rejections += waiters.count
        for waiter in waiters { told[waiter] = nil }
        queue.removeAll(where: waiters.contains)
    }

    mutating func interrupted(_ connection: ConnectionID, _ answer: InterruptedAction) throws(Violation) {
        try expect(.opening, connection, "interrupted")
        if case .probing(connection, _, _) = breaker?.phase { told = [:] }
        breaker?.interrupted(connection)
        let reason: EvictionReason? =
            if isClosed {
                .released
            } else if connections[connection]?.isStale == true {
                .invalidated
            } else {
                connections.count > limit ? .overflow : nil
            }
        guard answer == (reason == nil ? .keep : .close) else { throw Violation("interrupted: \(answer)") }
        connections[connection]?.phase = .halfOpen
        if let reason { evict(connection, reason) }
    }

    // MARK: Returning

    mutating func returned(
        _ connection: ConnectionID,
        _ state: ReturnedState,
        _ answer: ReturnAction,
        now: Instant
    ) throws(Violation) {
        try expect(.leased, connection, "returned")
        guard let known = connections[connection] else { return }
        let end = pauseEnd(now)
        var reasons: [EvictionReason] = []
        if state == .broken { reasons.append(.broken) }
        if isClosed { reasons.append(.released) }
        if known.isStale { reasons.append(.invalidated) }
        if known.endOfLife.map({ $0 <= now }) ?? true { reasons.append(.lifetime) }
        if known.uses >= limits.maxUses ?? .max { reasons.append(.maxUses) }
        if connections.count > limit { reasons.append(.overflow) }
        let isServed = end == nil && !queue.isEmpty
        if !isServed, !limits.keepsConnections { reasons.append(.unpooled) }
        if !isServed, connections.count - count(.halfOpen) > limits.size { reasons.append(.overflow) }
        let expected: ReturnAction =
            if !reasons.isEmpty { .close } else if isServed, let next = queue.first { .hand(to: next) } else { .park }
        guard answer == expected else { throw Violation("\(connection) came back: \(answer), not \(expected)") }
        if let reason = reasons.first { return evict(connection, reason) }
        if known.isReported { counters.leaksWithdrawn += 1 }
        if case .hand(let waiter) = answer {
            queue.removeFirst()
            told[waiter] = nil
            return lend(connection, now: now)
        }
        let lifeEndsBy = now + limits.maxLifetime
        connections[connection]?.phase = .idle
        connections[connection]?.cameBack = now
        connections[connection]?.frozenFor = .zero
        connections[connection]?.endOfLife = min(known.endOfLife ?? lifeEndsBy, lifeEndsBy)
        idle.append(connection)
    }

    // MARK: Ages

    mutating func close(_ connection: ConnectionID, now: Instant) throws(Violation) {
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
        let isOver = known.phase == .idle && (known.endOfLife.map { $0 <= now } ?? false)
        evict(connection, known.phase == .halfOpen ? .halfOpen : isOver ? .lifetime : .idle)
    }

    func expect(_ phase: Phase, _ connection: ConnectionID, _ event: String) throws(Violation) {
        guard connections[connection]?.phase == phase else {
            throw Violation("\(connection) \(event), but is \(connections[connection]?.phase as Any)")
        }
    }
}
