import Moments
import PoolCore

/// A pool and its reference model, driven together by random events.
struct Simulation {
    let seed: UInt64
    let limits: PoolLimits
    private let mayClockBeSetBack: Bool
    private let mayShutDown: Bool
    let pool: PoolDriver
    var model: ReferenceModel
    var random: Randomness
    /// Nothing is left to wake, and nobody has to be asked.
    private var isSettled = true
    /// Those that are opened to fill the pool.
    var fills: Set<ConnectionID> = []
    /// In percent: a server that is down makes nearly every connect fail.
    let chanceOfFailure: Int
    var goneConnections: [ConnectionID] = []
    private var goneWaiters: [WaiterID] = []
    private(set) var events = 0
    var lastEvent = "nothing"

    init(seed: UInt64) {
        var random = Randomness(seed: seed)
        limits = PoolLimits(random: &random)
        mayClockBeSetBack = random.chance(15)
        mayShutDown = random.chance(30)
        chanceOfFailure = random.pick([0, 0, 30, 90]) ?? 0
        self.seed = seed
        self.random = random
        let limits = limits
        pool = PoolDriver { $0 = limits }
        model = ReferenceModel(limits, start: PoolDriver.start)
    }

    var description: String {
        """
        VERNAL_SEED=\(seed), event \(events), \(lastEvent), size \(limits.size)+\(limits.maxOverflow), \
        min \(limits.minConnections), maxWaiters \(limits.maxWaiters), burst \(limits.connectBurst), rate \(limits.connectRate)
        """
    }

    mutating func run(events count: Int) throws(Violation) {
        while events < count {
            try step()
            events += 1
        }
        try finish()
    }

    // MARK: Events

    private mutating func step() throws(Violation) {
        let mustBeSettled = try happens()
        try model.agrees(with: pool.snapshot)
        guard pool.openPermits == model.count(.opening) else { throw Violation("\(pool.openPermits) permits") }
        // Events that free no place may be left without a question: then there must be nobody to wake.
        if mustBeSettled, isSettled { try settle(expectNobody: true) }
        // In the shell the question is a step of its own, so other events may come between.
        isSettled = random.chance(85)
        if isSettled { try settle() }
    }

    private mutating func settle(expectNobody: Bool = false) throws(Violation) {
        var rounds = 0
        while let woken = pool.wake() {
            guard !expectNobody else { throw Violation("\(woken.waiter) was to be woken, and nobody would have asked") }
            goneConnections += woken.closed
            if case .reject = woken.told { goneWaiters.append(woken.waiter) }
            try model.woken(woken, now: pool.now)
            rounds += 1
            guard rounds <= 200 else { throw Violation("there is no end to waking") }
        }
        try model.nobodyWoken(now: pool.now)
        try model.agrees(with: pool.snapshot)
    }

    /// Lets something happen.
    ///
    /// - Returns: whether nobody may have to be woken after it.
    private mutating func happens() throws(Violation) -> Bool {
        switch random.number(0...99) {
        case 0..<22: return try timePasses()
        case 22..<46: return try somebodyAcquires()
        case 46..<60: return try aConnectEnds()
        case 60..<78: return try aConnectionComesBack()
        case 78..<82: return try aConnectionIsFoundDead()
        case 82..<88: return try aWaiterLeaves()
        case 88..<93: return try aWaiterAsks(random.pick(model.queue))
        case 93..<95: return try somethingComesTooLate()
        default: return try theProcessDoesSomething()
        }
    }

    private mutating func timePasses() throws(Violation) -> Bool {
        let step: Duration =
            switch random.number(0...9) {
            case 0..<7: random.milliseconds(0...60)
            case 7: random.milliseconds(0...1500)
            case 8: random.milliseconds(0...60_000)
            default: mayClockBeSetBack && random.chance(30) ? .zero - random.milliseconds(0...100_000) : .zero
            }
        lastEvent = "\(step) pass"
        pool.now += step
        model.clockMoved(to: pool.now)
        // A waiter asks when its time comes, or a little later.
        if let next = model.queue.first, let time = model.told[next], time <= pool.now, random.chance(80) {
            return try aWaiterAsks(next)
        }
        return false
    }

    private mutating func somebodyAcquires() throws(Violation) -> Bool {
        let patience = random.milliseconds(0...4000)
        if random.chance(10) {
            let told = pool.tryAcquire()
            lastEvent = "try to acquire: \(told)"
            try model.tried(told, closed: pool.closed, now: pool.now)
            return true
        }
        if random.chance(50), let connection = pool.acquireAtOnce() {
            lastEvent = "acquire at once: \(connection)"
            let told = Told.lend(connection, .none)
            try model.acquired(told, closed: pool.closed, now: pool.now, deadline: pool.now + patience)
            return true
        }
        let told = pool.acquire(patience: patience)
        lastEvent = "acquire: \(told)"
        try model.acquired(told, closed: pool.closed, now: pool.now, deadline: pool.now + patience)
        return true
    }

    private mutating func aConnectEnds() throws(Violation) -> Bool {
        guard let connection = random.pick(model.all(.opening)) else { return false }
        let jitter = Double(random.number(0...999)) / 1000
        if fills.remove(connection) != nil, random.chance(60) {
            guard let action = pool.filled(connection, jitter: jitter) else { throw Violation("no permit") }
            lastEvent = "filled \(connection): \(action)"
            if action == .close { goneConnections.append(connection) }
            try model.filled(connection, jitter: jitter, action, now: pool.now)
            return false
        }
        switch random.number(0...99) < chanceOfFailure ? 6 : random.number(0...9) {
        case 0..<6:
            let mayWake = limits.connectConcurrency != nil || model.breaker.map { !$0.isClosed } ?? false
            guard let action = pool.connected(connection, jitter: jitter) else { throw Violation("no permit") }
            lastEvent = "connected \(connection): \(action)"
            try model.connected(connection, jitter: jitter, action, now: pool.now)
            if action == .lend { return !mayWake }
            goneConnections.append(connection)
        case 6, 7:
            let isDefinite = random.chance(30)
            let isOverload = !isDefinite && random.chance(40)
            guard
                let rejected = pool.failed(
                    connection,
                    isDefinite: isDefinite,
                    isOverload: isOverload,
                    jitter: jitter
                )
            else { throw Violation("no permit") }
            lastEvent = "failed \(connection), definite \(isDefinite), overload \(isOverload): \(rejected)"
            try model.failed(
                connection,
                isDefinite: isDefinite,
                isOverload: isOverload,
                jitter: jitter,
                rejected: rejected,
                now: pool.now
            )
            goneConnections.append(connection)
        default:
            guard let action = pool.interrupted(connection) else { throw Violation("no permit") }
            lastEvent = "interrupted \(connection): \(action)"
            if action == .close { goneConnections.append(connection) }
            try model.interrupted(connection, action)
        }
        return false
    }

    private mutating func aConnectionComesBack() throws(Violation) -> Bool {
        guard let connection = random.pick(model.all(.leased)) else { return false }
        let state: ReturnedState = random.chance(85) ? .reusable : .broken
        let action = pool.giveBack(connection, state)
        lastEvent = "returned \(connection) \(state): \(action)"
        try model.returned(connection, state, action, now: pool.now)
        if action == .close { goneConnections.append(connection) }
        return action == .park
    }

    private mutating func aConnectionIsFoundDead() throws(Violation) -> Bool {
        guard let connection = random.pick(model.all(.leased)) else { return false }
        let patience = random.milliseconds(0...4000)
        let told = pool.foundDead(connection, patience: patience)
        lastEvent = "found dead \(connection): \(told)"
        goneConnections.append(connection)
        try model.foundDead(connection, told, closed: pool.closed, now: pool.now, deadline: pool.now + patience)
        return false
    }

    private mutating func aWaiterLeaves() throws(Violation) -> Bool {
        guard let waiter = random.pick(model.queue) else { return false }
        let reason: PoolState.Leaving = random.chance(50) ? .timedOut : .cancelled
        let answer = pool.leave(waiter, reason)
        lastEvent = "\(waiter) left: \(answer)"
        goneWaiters.append(waiter)
        try model.left(waiter, reason, answer)
        return false
    }

    private mutating func aWaiterAsks(_ waiter: WaiterID?) throws(Violation) -> Bool {
        guard let waiter else { return false }
        let answer = pool.ask(waiter)
        lastEvent = "\(waiter) asked again: \(answer.map { "\($0)" } ?? "gone")"
        try model.asked(waiter, answer, now: pool.now)
        return false
    }

    /// Late and repeated events change nothing.
    private mutating func somethingComesTooLate() throws(Violation) -> Bool {
        let before = pool.state
        if let connection = random.pick(goneConnections) {
            lastEvent = "\(connection) is long gone"
            guard pool.giveBack(connection) == .close, pool.foundDead(connection) == .reject(.closed) else {
                throw Violation("something became of \(connection)")
            }
        }
        if let waiter = random.pick(goneWaiters) {
            lastEvent += ", \(waiter) is long gone"
            guard pool.ask(waiter) == nil, !pool.leave(waiter) else { throw Violation("\(waiter) still waits") }
        }
        guard pool.state == before else { throw Violation("something changed") }
        return true
    }

    private mutating func theProcessDoesSomething() throws(Violation) -> Bool {
        switch random.number(0...119) {
        case 60..<120: return try somebodyControls()
        case 0..<20:
            let closed = pool.releaseIdle()
            lastEvent = "released \(closed)"
            goneConnections += closed
            try model.released(closed)
            return true
        case 20..<40:
            let gap = random.milliseconds(0...100_000)
            lastEvent = "thawed after \(gap)"
            pool.thaw(gap: gap)
            model.thawed(gap: gap)
            return true
        case 40 where mayShutDown:
            let action = pool.shutDown()
            lastEvent = "shut down: \(action)"
            goneWaiters += action.reject
            try model.shutDown(action)
        default: break
        }
        return false
    }

    // MARK: The end

    /// Everything ends well from here on, nobody new comes: then everybody who waits is served, and nothing is lost.
    private mutating func finish() throws(Violation) {
        lastEvent = "the end"
        try settle()
        var rounds = 0
        while !model.queue.isEmpty || !model.all(.opening).isEmpty || !model.all(.leased).isEmpty {
            rounds += 1
            guard rounds < 2000 else { throw Violation("\(model.queue.count) are stranded") }
            if let connection = model.all(.opening).first {
                guard let action = pool.connected(connection) else { throw Violation("no permit") }
                try model.connected(connection, jitter: 0, action, now: pool.now)
            } else if let connection = model.all(.leased).first {
                try model.returned(connection, .reusable, pool.giveBack(connection), now: pool.now)
            } else if let next = model.queue.first {
                guard let time = model.told[next] else { throw Violation("\(next) is stranded") }
                pool.now = max(time, pool.now)
                model.clockMoved(to: pool.now)
                try model.asked(next, pool.ask(next), now: pool.now)
            }
            try settle()
        }
        try model.shutDown(pool.shutDown())
        try model.agrees(with: pool.snapshot)
        guard pool.state.isEmpty, pool.openPermits == 0 else { throw Violation("a place was lost") }
        guard pool.acquire() == .reject(.closed) else { throw Violation("a closed pool lends") }
    }
}
