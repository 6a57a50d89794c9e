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
        var leasedAt: Instant?
        var uses = 0
        var isStale = false
        var isReported = false
    }

    var limits: PoolLimits
    /// Everything that holds a place, in any phase.
    var connections: [ConnectionID: Connection] = [:]
    /// Idle connections, the one that came back last at the end.
    var idle: [ConnectionID] = []
    /// Who waits, who is next at the beginning.
    var queue: [WaiterID] = []
    /// Those who wait for a time to ask again.
    var told: [WaiterID: Instant] = [:]
    var isClosed = false
    var counters = Counters()
    private var seenConnections: Set<ConnectionID> = []
    private var seenWaiters: Set<WaiterID> = []
    var deadlines: [WaiterID: Instant] = [:]
    var bucket: ReferenceBucket
    var breaker: ReferenceBreaker?
    var pause: (from: Instant, until: Instant)?
    var wasEverPaused = false
    /// How many may be open: more than the limit for a while when it was made smaller.
    var allowance: Int
    private var latest: Instant
    /// A clock that was set back mixes up the order of the idle ones, so less can be demanded.
    private(set) var clockWasSetBack = false

    struct Counters: Equatable {
        var acquires = 0, waits = 0, rejections = 0, waitTimeouts = 0, waitCancellations = 0, misses = 0
        var connects = 0, connectFailures = 0, overloads = 0, throttled = 0, invalidations = 0, breakerOpenings = 0
        var leaks = 0, leaksWithdrawn = 0
        var evictions: [EvictionReason: Int] = [:]
    }

    init(_ limits: PoolLimits, start: Instant) {
        self.limits = limits
        latest = start
        allowance = limits.size + limits.maxOverflow
        breaker = limits.breakerThreshold.map { ReferenceBreaker(threshold: $0, probeLimit: limits.halfOpenLimit) }
        bucket = ReferenceBucket(
            burst: limits.connectBurst,
            rate: limits.connectRate,
            startLevel: limits.connectStartLevel,
            start: start
        )
    }

    func count(_ phase: Phase) -> Int { connections.values.count { $0.phase == phase } }
    func all(_ phase: Phase) -> [ConnectionID] {
        connections.filter { $0.value.phase == phase }.keys.sorted { $0.slot < $1.slot }
    }
    var limit: Int { limits.size + limits.maxOverflow }
    var hasPlace: Bool { connections.count < limit }
    /// Whether there is a place, and not so many connects under way that another one has to wait for their end.
    var mayBegin: Bool { hasPlace && count(.opening) < max(1, limits.connectConcurrency ?? .max) }
    var hasRoom: Bool { hasPlace || count(.halfOpen) > 0 }
    /// Whether something that is open or being opened may still come to those who wait.
    var mayBeServed: Bool { connections.values.contains { $0.phase != .halfOpen } }
    func pauseEnd(_ now: Instant) -> Instant? {
        guard let pause, pause.from <= now, pause.until > now else { return nil }
        return pause.until
    }

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
        evict(connection, .broken)
        try decided(told, closed: closed, now: now, deadline: deadline, isNew: false)
    }

    /// An acquire that does not wait.
    mutating func tried(_ answer: Told, closed: [ConnectionID], now: Instant) throws(Violation) {
        counters.acquires += 1
        if isClosed { return try refused(answer, .closed) }
        if pauseEnd(now) == nil, queue.isEmpty {
            if try lentIdle(answer, closed: closed, now: now) { return }
            if let held = breaker?.heldUntil(now) {
                if !mayBeServed { return try refused(answer, .breakerOpen(until: held)) }
            } else if count(.halfOpen) > 0 {
                return try resumed(answer, now: now)
            } else if mayBegin {
                let seconds = bucket.secondsToNext(at: now)
                if answer.opened != nil || seconds < -1e-6 { return try opened(answer, now: now, seconds: seconds) }
                counters.throttled += 1
            }
        } else if !closed.isEmpty {
            throw Violation("closed \(closed) without having looked for any")
        }
        guard answer == .reject(.wouldWait) else { throw Violation("there was nothing to be had: \(answer)") }
        counters.misses += 1
    }

    /// What is idle is lent, and nothing is left that is too old.
    ///
    /// - Returns: whether there was anything.
    private mutating func lentIdle(
        _ answer: Told,
        closed: [ConnectionID],
        now: Instant
    ) throws(Violation) -> Bool {
        for connection in closed { try close(connection, now: now) }
        try nothingStaysTooLong(now: now)
        guard let newest = idle.last else { return false }
        let check = try check(newest, now: now)
        guard answer == .lend(newest, check) else {
            throw Violation("\(newest) was to be lent (\(check)): \(answer)")
        }
        idle.removeLast()
        lend(newest, now: now)
        return true
    }

    private mutating func decided(
        _ answer: Told,
        closed: [ConnectionID],
        now: Instant,
        deadline: Instant,
        isNew: Bool
    ) throws(Violation) {
        let isFirst = !isNew || queue.isEmpty
        let end = pauseEnd(now)
        if end == nil, isFirst {
            if try lentIdle(answer, closed: closed, now: now) { return }
        } else if !closed.isEmpty {
            throw Violation("closed \(closed) without having looked for any")
        }
        if isClosed { return try refused(answer, .closed) }
        var wait: Double?
        var exactly: Instant?
        if let end {
            if isFirst { exactly = end }
        } else if let held = breaker?.heldUntil(now) {
            if !mayBeServed { return try refused(answer, .breakerOpen(until: held)) }
            if isFirst, hasRoom { exactly = held }
        } else if isFirst {
            if count(.halfOpen) > 0 { return try resumed(answer, now: now) }
            if mayBegin {
                let seconds = bucket.secondsToNext(at: now)
                if answer.opened != nil || seconds < -1e-6 { return try opened(answer, now: now, seconds: seconds) }
                wait = seconds
                counters.throttled += 1
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
        if let wait {
            guard let time else { throw Violation("waits, and was told no time") }
            try isRight(time, in: wait, now: now)
        } else {
            guard time == exactly else { throw Violation("told \(time as Any), not \(exactly as Any)") }
        }
        queue.insert(waiter, at: isNew ? queue.count : 0)
        told[waiter] = time
        deadlines[waiter] = deadline
        counters.waits += 1
    }

    private mutating func refused(_ answer: Told, _ reason: PoolRejection) throws(Violation) {
        guard answer == .reject(reason) else { throw Violation("was to be rejected, \(reason): \(answer)") }
        counters.rejections += 1
    }

    mutating func opened(_ answer: Told, now: Instant, seconds: Double) throws(Violation) {
        guard case .open(let connection) = answer else { throw Violation("there is a place and a token: \(answer)") }
        guard seconds <= 1e-6 else { throw Violation("opened \(seconds) s before there was a token") }
        guard !isClosed else { throw Violation("a closed pool opens") }
        guard hasPlace else { throw Violation("opened one too many") }
        guard mayBegin else { throw Violation("opened while so many connects are under way") }
        guard seenConnections.insert(connection).inserted else { throw Violation("\(connection) was there before") }
        guard !connections.keys.contains(where: { $0.slot == connection.slot }) else {
            throw Violation("the place of \(connection) is taken")
        }
        connections[connection] = Connection(phase: .opening, begun: now)
        breaker?.began(connection, now: now)
        bucket.pay(at: now)
        counters.connects += 1
    }

    private mutating func resumed(_ answer: Told, now: Instant) throws(Violation) {
        guard case .resume(let connection) = answer else { throw Violation("a half-open connection waits: \(answer)") }
        try expect(.halfOpen, connection, "resumed")
        connections[connection]?.phase = .opening
        breaker?.began(connection, now: now)
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
        var exactly: Instant?
        if place == 0 {
            if let end = pauseEnd(now) {
                exactly = end
            } else if idle.isEmpty, hasRoom {
                exactly = breaker?.heldUntil(now)
                if exactly == nil, count(.halfOpen) > 0 {
                    queue.removeFirst()
                    return try resumed(answer, now: now)
                }
                if exactly == nil, mayBegin {
                    let seconds = bucket.secondsToNext(at: now)
                    if answer.opened != nil || seconds < -1e-6 {
                        queue.removeFirst()
                        return try opened(answer, now: now, seconds: seconds)
                    }
                    counters.throttled += 1
                    if try isRightlyRefused(waiter, answer, seconds: seconds, now: now) { return reject([waiter]) }
                    guard case .wait(waiter, let time?) = answer else {
                        throw Violation("was to be told a time: \(answer)")
                    }
                    try isRight(time, in: seconds, now: now)
                    told[waiter] = time
                    return
                }
            }
        }
        guard answer == .wait(waiter, askAgain: exactly) else {
            throw Violation("was to wait until \(exactly as Any): \(answer)")
        }
        told[waiter] = exactly
    }

    mutating func woken(_ woken: Woken, now: Instant) throws(Violation) {
        guard let next = queue.first else { throw Violation("\(woken.waiter) was woken, and nobody waits") }
        if let end = pauseEnd(now) {
            guard woken == Woken(waiter: next, told: .askAgain(at: end)) else {
                throw Violation("the pool is paused: \(woken)")
            }
            told[next] = end
            return
        }
        if !idle.isEmpty {
            if woken.waiter == next, try lentIdle(woken.told, closed: woken.closed, now: now) {
                dequeue(next)
                return
            }
            guard idle.isEmpty else { throw Violation("\(woken.waiter) was not next") }
            told[next] = nil
        } else if !woken.closed.isEmpty {
            throw Violation("closed \(woken.closed) without having looked for any")
        }
        if let held = breaker?.heldUntil(now) {
            if !mayBeServed, let hopeless = hopeless(held) {
                guard woken.waiter == hopeless, woken.told == .reject(.breakerOpen(until: held)) else {
                    throw Violation("\(hopeless) has no chance: \(woken)")
                }
                return reject([hopeless])
            }
            guard woken.waiter == next, woken.told == .askAgain(at: held), hasRoom else {
                throw Violation("nothing is opened before \(held): \(woken)")
            }
            told[next] = held
            return
        }
        if count(.halfOpen) > 0 {
            guard woken.waiter == next else { throw Violation("\(woken.waiter) was not next") }
            dequeue(next)
            return try resumed(woken.told, now: now)
        }
        guard hasPlace else { throw Violation("woken, but there is no place") }
        guard mayBegin else {
            // Only so that what was found too old is closed.
            guard woken.waiter == next, !woken.closed.isEmpty, woken.told == .askAgain(at: now + .seconds(1)) else {
                throw Violation("woken, but so many connects are under way: \(woken)")
            }
            return
        }
        let seconds = bucket.secondsToNext(at: now)
        if case .reject = woken.told {
            counters.throttled += 1
            guard try isRightlyRefused(woken.waiter, woken.told, seconds: seconds, now: now) else {
                throw Violation("\(woken.waiter) had a chance: \(woken)")
            }
            return reject([woken.waiter])
        }
        guard woken.waiter == next else { throw Violation("\(woken.waiter) was not next") }
        if case .askAgain(let time) = woken.told, seconds >= -1e-6 {
            try isRight(time, in: seconds, now: now)
            counters.throttled += 1
            told[next] = time
            return
        }
        dequeue(next)
        try opened(woken.told, now: now, seconds: seconds)
    }

    /// Whether a waiter is refused because nothing is open and its deadline is before the next token.
    ///
    /// - Throws: when it should be and is not, with two milliseconds for the rounding of the time.
    private func isRightlyRefused(
        _ waiter: WaiterID,
        _ answer: Told,
        seconds: Double,
        now: Instant
    ) throws(Violation) -> Bool {
        let deadline = deadlines[waiter] ?? now
        guard case .reject(.throttled(let time)) = answer else {
            guard mayBeServed || now + .seconds(seconds) <= deadline + .milliseconds(2) else {
                throw Violation("waits for a token that comes after the deadline: \(answer)")
            }
            return false
        }
        try isRight(time, in: seconds, now: now)
        guard !mayBeServed, deadline < time else { throw Violation("\(waiter) could have been served: \(answer)") }
        return true
    }

    /// The first who waits for a time that is too late for it.
    private func hopeless(_ held: Instant) -> WaiterID? {
        queue.first { deadlines[$0].map { $0 < held } ?? true }
    }

    private mutating func dequeue(_ waiter: WaiterID) {
        queue.removeFirst()
        told[waiter] = nil
    }

    /// There was nobody to wake.
    func nobodyWoken(now: Instant) throws(Violation) {
        guard let next = queue.first else { return }
        if pauseEnd(now) != nil {
            guard told[next] != nil else { throw Violation("\(next) knows no end of the pause") }
            return
        }
        guard idle.isEmpty else { throw Violation("\(next) waits beside an idle connection") }
        if let held = breaker?.heldUntil(now) {
            guard mayBeServed || hopeless(held) == nil else { throw Violation("somebody waits without a chance") }
            guard !hasRoom || told[next] != nil else { throw Violation("\(next) knows no time to probe") }
            return
        }
        guard count(.halfOpen) == 0 else { throw Violation("\(next) waits beside a half-open connection") }
        guard !mayBegin || told[next] != nil else { throw Violation("\(next) waits beside a place and knows no time") }
    }

    mutating func left(_ waiter: WaiterID, _ reason: PoolState.Leaving, _ answer: Bool) throws(Violation) {
        let place = queue.firstIndex(of: waiter)
        guard answer == (place != nil) else { throw Violation("\(waiter) left: \(answer)") }
        guard let place else { return }
        queue.remove(at: place)
        told[waiter] = nil
        if reason == .timedOut { counters.waitTimeouts += 1 } else { counters.waitCancellations += 1 }
    }
}
