import Moments
import PoolCore
import Testing

@Suite struct `A circuit breaker` {
    private let start = PoolDriver.start

    private func open(_ threshold: Int = 3, at now: Instant = PoolDriver.start) -> CircuitBreaker {
        var breaker = CircuitBreaker(threshold: threshold)
        for _ in 1..<threshold { #expect(breaker.connectFailed(isProbe: false, now: now, jitter: 0) == false) }
        #expect(breaker.connectFailed(isProbe: false, now: now, jitter: 0) == true)
        return breaker
    }

    @Test(arguments: [1, 2, 5])
    func `opens after so many failures in a row`(threshold: Int) {
        let breaker = open(threshold)
        #expect(breaker.heldUntil(now: start) == start + .seconds(1))
        #expect(!breaker.isClosed)
    }

    @Test func `counts failures in a row only`() {
        var breaker = CircuitBreaker(threshold: 2)
        for _ in 0..<5 {
            #expect(breaker.connectFailed(isProbe: false, now: start, jitter: 0) == false)
            breaker.connectSucceeded()
        }
        #expect(breaker.heldUntil(now: start) == nil)
    }

    @Test func `lets one probe through when its time is over`() {
        var breaker = open()
        let now = start + .seconds(1)
        #expect(breaker.heldUntil(now: now) == nil)
        #expect(breaker.connectBegan(now: now) == true)
        #expect(breaker.heldUntil(now: now) == now + .seconds(3))
        breaker.connectSucceeded()
        #expect(breaker.isClosed)
        #expect(breaker.connectBegan(now: now) == false)
    }

    @Test func `opens for twice as long each time, up to a limit`() {
        var breaker = open()
        var now = start
        for seconds in [1, 2, 4, 8, 16, 30, 30, 30] {
            #expect(breaker.heldUntil(now: now) == now + .seconds(seconds))
            now += .seconds(seconds)
            #expect(breaker.connectBegan(now: now) == true)
            #expect(breaker.connectFailed(isProbe: true, now: now, jitter: 0) == true)
        }
    }

    @Test func `opens for as short a time as at first after a success`() {
        var breaker = open()
        #expect(breaker.connectBegan(now: start + .seconds(1)) == true)
        #expect(breaker.connectFailed(isProbe: true, now: start + .seconds(1), jitter: 0) == true)
        breaker.connectSucceeded()
        for _ in 0..<3 { _ = breaker.connectFailed(isProbe: false, now: start, jitter: 0) }
        #expect(breaker.heldUntil(now: start) == start + .seconds(1))
    }

    @Test func `takes off up to a half of the time by chance`() {
        var breaker = CircuitBreaker(threshold: 1)
        _ = breaker.connectFailed(isProbe: false, now: start, jitter: 0.5)
        #expect(breaker.heldUntil(now: start) == start + .milliseconds(750))
    }

    @Test func `opens at the next failure when it is told that many will follow`() {
        var breaker = CircuitBreaker(threshold: 5)
        breaker.openAtNextFailure()
        #expect(breaker.isClosed)
        var other = breaker
        #expect(breaker.connectFailed(isProbe: false, now: start, jitter: 0) == true)
        #expect(breaker.heldUntil(now: start) == start + .seconds(1))
        // A success in between says that it is not so.
        other.connectSucceeded()
        #expect(other.connectFailed(isProbe: false, now: start, jitter: 0) == false)
    }

    @Test func `does not hear of failures that were begun before it opened`() {
        var breaker = open()
        #expect(breaker.connectFailed(isProbe: false, now: start + .milliseconds(900), jitter: 0) == false)
        #expect(breaker.heldUntil(now: start + .milliseconds(900)) == start + .seconds(1))
    }

    @Test func `lets another probe through when one was left`() {
        var breaker = open()
        let now = start + .seconds(1)
        #expect(breaker.connectBegan(now: now) == true)
        breaker.probeWasLeft()
        #expect(breaker.heldUntil(now: now) == nil)
        #expect(breaker.connectBegan(now: now) == true)
    }

    @Test func `is not kept open by a clock that is set back`() {
        #expect(open().heldUntil(now: start - .seconds(1)) == nil)
    }
}

@Suite struct `A pool whose server is down` {
    /// A pool whose breaker has just opened for a second.
    private func down(_ configure: (inout PoolLimits) -> Void = { _ in }) throws -> PoolDriver {
        let pool = PoolDriver {
            $0.breakerThreshold = 2
            configure(&$0)
        }
        try fail(pool, times: 2)
        return pool
    }

    private func fail(_ pool: PoolDriver, times: Int) throws {
        for _ in 0..<times { #expect(pool.failed(try #require(pool.acquire().opened)) == []) }
    }

    private let end = PoolDriver.start + .seconds(1)

    @Test func `refuses at once`() throws {
        let pool = try down()
        #expect(pool.counters.breakerOpenings == 1)
        #expect(pool.acquire(patience: .seconds(100)) == .reject(.breakerOpen(until: end)))
        #expect(pool.tryAcquire() == .reject(.breakerOpen(until: end)))
        #expect(pool.fill() == nil)
    }

    @Test func `goes on trying when it has no breaker`() throws {
        try fail(PoolDriver(), times: 50)
    }

    @Test func `does not count failures that another try would not mend`() throws {
        let pool = PoolDriver { $0.breakerThreshold = 2 }
        for _ in 0..<5 { #expect(pool.failed(try #require(pool.acquire().opened), isDefinite: true) == []) }
        #expect(pool.counters.breakerOpenings == 0)
    }

    @Test func `lends what it has`() throws {
        let pool = PoolDriver {
            $0.breakerThreshold = 1
            $0.size = 2
        }
        let connection = try pool.borrow()
        try fail(pool, times: 1)
        // Somebody will give one back, so it is worth waiting.
        let waiting = pool.acquire()
        #expect(waiting.timeToAskAgain == end)
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.giveBack(connection) == .hand(to: try #require(waiting.waiter)))
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.acquire() == .lend(connection, .none))
    }

    @Test func `rejects those who wait without a chance, and keeps the others in their order`() throws {
        let pool = PoolDriver { $0.breakerThreshold = 1 }
        let connection = try #require(pool.acquire().opened)
        let patient = [try #require(pool.acquire().waiter)]
        let hopeless = try #require(pool.acquire(patience: .milliseconds(900)).waiter)
        #expect(pool.failed(connection) == [])
        #expect(
            pool.wakeAll() == [
                Woken(waiter: hopeless, told: .reject(.breakerOpen(until: end))),
                Woken(waiter: patient[0], told: .askAgain(at: end)),
            ]
        )
        #expect(pool.counters.rejections == 1)
        pool.now = end
        #expect(pool.ask(patient[0])?.opened != nil)
    }

    @Test func `rejects those who waited for a connection that came back broken`() throws {
        let pool = PoolDriver {
            $0.breakerThreshold = 1
            $0.size = 2
        }
        let connection = try pool.borrow()
        try fail(pool, times: 1)
        let waiter = try #require(pool.acquire(patience: .milliseconds(900)).waiter)
        #expect(pool.wake() == nil)
        #expect(pool.giveBack(connection, .broken) == .close)
        #expect(pool.wake() == Woken(waiter: waiter, told: .reject(.breakerOpen(until: end))))
    }

    @Test func `tries one connect when the time is over, and serves all when it succeeds`() throws {
        let pool = try down { $0.size = 3 }
        pool.now = end
        let probe = try #require(pool.acquire().opened)
        // Nobody opens another one beside it, but its answer is near.
        let waiters = [try pool.queueUp(), try pool.queueUp()]
        #expect(pool.wakeAll().isEmpty)
        #expect(pool.connected(probe) == .lend)
        #expect(pool.wakeAll().map(\.waiter) == waiters)
    }

    @Test func `waits longer when that one failed too`() throws {
        let pool = try down()
        pool.now = end
        #expect(pool.failed(try #require(pool.acquire().opened)) == [])
        #expect(pool.acquire() == .reject(.breakerOpen(until: end + .seconds(2))))
        #expect(pool.counters.breakerOpenings == 2)
    }

    @Test func `goes on with a probe that another task had to leave`() throws {
        let pool = try down()
        pool.now = end
        let probe = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.interrupted(probe) == .keep)
        #expect(pool.wake() == Woken(waiter: waiter, told: .resume(probe)))
        #expect(pool.failed(probe) == [])
        #expect(pool.counters.breakerOpenings == 2)
    }

    @Test func `is up again when it answers the probe, even with a refusal`() throws {
        let pool = try down()
        pool.now = end
        #expect(pool.failed(try #require(pool.acquire().opened), isDefinite: true) == [])
        #expect(pool.acquire().opened != nil)
    }

    @Test func `takes no connect for the probe that was one before it was up again`() throws {
        let pool = PoolDriver {
            $0.breakerThreshold = 1
            $0.size = 3
        }
        let early = try #require(pool.acquire().opened)
        try fail(pool, times: 1)
        pool.now = end
        let probe = try #require(pool.acquire().opened)
        #expect(pool.connected(early) == .lend)
        try fail(pool, times: 1)
        #expect(pool.counters.breakerOpenings == 2)
        #expect(pool.failed(probe) == [])
        #expect(pool.counters.breakerOpenings == 2)
    }
}
