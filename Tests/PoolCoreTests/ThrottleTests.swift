import Moments
import PoolCore
import Testing

@Suite struct `A connect throttle` {
    private let start = PoolDriver.start

    @Test(arguments: 1...5)
    func `lets a burst through and then nothing`(burst: Int) {
        var throttle = ConnectThrottle(burst: burst, rate: 5)
        for _ in 0..<burst { #expect(throttle.take(at: start) == nil) }
        #expect(throttle.take(at: start) == start + .milliseconds(200))
        #expect(throttle.take(at: start) == start + .milliseconds(200))
    }

    @Test func `takes a burst of less than one as one`() {
        var throttle = ConnectThrottle(burst: 0, rate: 5)
        #expect(throttle.take(at: start) == nil)
        #expect(throttle.take(at: start) != nil)
    }

    @Test(arguments: [0.1, 1, 3, 5, 7, 1000])
    func `has a token at the time that it names`(rate: Double) throws {
        var throttle = ConnectThrottle(burst: 1, rate: rate)
        var now = start
        for _ in 0..<100 {
            #expect(throttle.take(at: now) == nil)
            let answer = throttle.take(at: now)
            let next = try #require(answer)
            #expect(abs((next - now) / .seconds(1) - 1 / rate) < 1e-6)
            #expect(throttle.take(at: next - .microseconds(600)) != nil)
            // One more question at most, when a rounding error hides the token.
            if let later = throttle.take(at: next) {
                #expect(later == next + .milliseconds(1))
                #expect(throttle.take(at: later) == nil)
                now = later + .seconds(2 / rate)
            } else {
                now = next + .seconds(2 / rate)
            }
        }
    }

    @Test func `gives no more in the long run than the burst and the rate`() {
        var throttle = ConnectThrottle(burst: 4, rate: 5)
        var granted = 0
        for millisecond in 0..<10_000 where throttle.take(at: start + .milliseconds(millisecond)) == nil {
            granted += 1
        }
        #expect((53...54).contains(granted))
    }

    @Test func `does not save more than a burst in a quiet time`() {
        var throttle = ConnectThrottle(burst: 3, rate: 5)
        for _ in 0..<3 { #expect(throttle.take(at: start) == nil) }
        let later = start + .seconds(3600)
        for _ in 0..<3 { #expect(throttle.take(at: later) == nil) }
        #expect(throttle.take(at: later) != nil)
    }

    @Test func `saves parts of tokens`() {
        var throttle = ConnectThrottle(burst: 1, rate: 5)
        #expect(throttle.take(at: start) == nil)
        #expect(throttle.take(at: start + .milliseconds(50)) == start + .milliseconds(200))
        #expect(throttle.take(at: start + .milliseconds(150)) == start + .milliseconds(200))
        #expect(throttle.take(at: start + .milliseconds(201)) == nil)
    }

    @Test func `does not wait for a clock that was set back to catch up`() {
        var throttle = ConnectThrottle(burst: 1, rate: 5)
        #expect(throttle.take(at: start) == nil)
        let restored = start - .seconds(3600)
        #expect(throttle.take(at: restored) == restored + .milliseconds(200))
        #expect(throttle.take(at: restored + .milliseconds(201)) == nil)
    }

    @Test func `gives nothing for a clock that is set back`() {
        var throttle = ConnectThrottle(burst: 1, rate: 5)
        #expect(throttle.take(at: start) == nil)
        for second in 1...10 { #expect(throttle.take(at: start - .seconds(second)) != nil) }
    }

    @Test(arguments: 0...4)
    func `begins with as many tokens as it is told, and fills up from there`(level: Int) {
        var throttle = ConnectThrottle(burst: 4, rate: 5, startLevel: level)
        for _ in 0..<level { #expect(throttle.take(at: start) == nil) }
        #expect(throttle.take(at: start) == start + .milliseconds(200))
        let later = start + .seconds(10)
        for _ in 0..<4 { #expect(throttle.take(at: later) == nil) }
        #expect(throttle.take(at: later) != nil)
    }

    @Test(arguments: [(-1, 0), (9, 3)])
    func `takes a start level that makes no sense as the nearest that does`(level: Int, tokens: Int) {
        var throttle = ConnectThrottle(burst: 3, rate: 5, startLevel: level)
        for _ in 0..<tokens { #expect(throttle.take(at: start) == nil) }
        #expect(throttle.take(at: start) != nil)
    }

    @Test func `has nothing left after a refusal, and goes on at its rate`() {
        var throttle = ConnectThrottle(burst: 10, rate: 5)
        #expect(throttle.take(at: start) == nil)
        throttle.empty(at: start + .milliseconds(50))
        #expect(throttle.take(at: start + .milliseconds(50)) == start + .milliseconds(250))
        #expect(throttle.take(at: start + .milliseconds(250)) == nil)
        #expect(throttle.take(at: start + .milliseconds(250)) == start + .milliseconds(450))
    }

    @Test func `is no fuller after a refusal than before it`() {
        var throttle = ConnectThrottle(burst: 3, rate: 5)
        for _ in 0..<3 { #expect(throttle.take(at: start) == nil) }
        throttle.resize(burst: 1)
        throttle.empty(at: start)
        #expect(throttle.take(at: start) == start + .milliseconds(600))
    }

    @Test(arguments: 1...20)
    func `gives in any time no more than its burst and its rate, whatever is asked when`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let (burst, rate) = (random.number(1...10), Double(random.number(1...50)))
        var throttle = ConnectThrottle(burst: burst, rate: rate)
        var (now, grants) = (start, [Instant]())
        for _ in 0..<500 {
            now += random.milliseconds(0...40)
            if random.chance(5) { throttle.empty(at: now) }
            if throttle.take(at: now) == nil { grants.append(now) }
        }
        for (first, from) in grants.enumerated() {
            for (last, until) in grants.enumerated().dropFirst(first) {
                let most = Double(burst) + (until - from) / .seconds(1) * rate
                #expect(Double(last - first + 1) <= most + 1e-6, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [1e-6, 1e-300, Double.leastNonzeroMagnitude])
    func `names a time within a day, however small the rate is`(rate: Double) {
        var throttle = ConnectThrottle(burst: 1, rate: rate)
        #expect(throttle.take(at: start) == nil)
        #expect(throttle.take(at: start) == start + .seconds(86_400))
    }

    @Test(arguments: [1e6, Double.greatestFiniteMagnitude])
    func `names a time at least a millisecond away, however large the rate is`(rate: Double) {
        var throttle = ConnectThrottle(burst: 1, rate: rate)
        #expect(throttle.take(at: start) == nil)
        #expect(throttle.take(at: start) == start + .milliseconds(1))
        #expect(throttle.take(at: start + .milliseconds(1)) == nil)
    }
}

@Suite struct `A throttled pool` {
    @Test func `refuses at once who would be given up before there is a token`() throws {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let connection = try #require(pool.acquire().opened)
        #expect(pool.failed(connection) == [])
        let token = pool.now + .milliseconds(200)
        #expect(pool.acquire(patience: .milliseconds(199)) == .reject(.throttled(until: token)))
        #expect(pool.snapshot.waiting == 0)
    }

    @Test func `lets wait who can be served before the deadline`() throws {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let connection = try #require(pool.acquire().opened)
        #expect(pool.failed(connection) == [])
        let told = pool.acquire(patience: .milliseconds(200))
        #expect(told.timeToAskAgain == pool.now + .milliseconds(200))
    }

    @Test func `tells at once who has no chance any more when a refusal takes the tokens away`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 2
            $0.connectConcurrency = 1
            $0.connectRate = 0.5
        }
        let connection = try #require(pool.acquire().opened)
        let impatient = try #require(pool.acquire(patience: .seconds(1)).waiter)
        let patient = try #require(pool.acquire(patience: .seconds(3)).waiter)
        #expect(pool.wakeAll() == [])
        #expect(pool.failed(connection, isOverload: true) == [])
        let token = pool.now + .seconds(2)
        #expect(
            pool.wakeAll() == [
                Woken(waiter: impatient, told: .reject(.throttled(until: token))),
                Woken(waiter: patient, told: .askAgain(at: token)),
            ]
        )
        #expect(pool.counters.overloads == 1)
        pool.now = token
        #expect(pool.ask(patient)?.isOpen == true)
    }

    @Test func `tells at once who asks again and finds that the tokens are gone`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 1
            $0.connectRate = 1
        }
        let connection = try #require(pool.acquire().opened)
        let told = pool.acquire(patience: .milliseconds(1500))
        let (waiter, time) = (try #require(told.waiter), try #require(told.timeToAskAgain))
        pool.now = time - .milliseconds(10)
        #expect(pool.failed(connection, isOverload: true) == [])
        #expect(pool.wakeAll() == [])
        pool.now = time
        #expect(pool.ask(waiter) == .reject(.throttled(until: time + .milliseconds(990))))
        #expect(pool.snapshot.waiting == 0)
    }

    @Test func `has no more connects under way than it may`() throws {
        let pool = PoolDriver {
            $0.size = 5
            $0.connectConcurrency = 2
        }
        let connections = try (0..<2).map { _ in try #require(pool.acquire().opened) }
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        let waiters = try (0..<3).map { _ in try pool.queueUp() }
        #expect(pool.wakeAll() == [])
        #expect(pool.connected(connections[0]) == .lend)
        let woken = pool.wakeAll()
        #expect(woken.map(\.waiter) == [waiters[0]] && woken.allSatisfy(\.told.isOpen))
        #expect(pool.failed(connections[1]) == [])
        #expect(pool.wakeAll().map(\.waiter) == [waiters[1]])
        #expect(pool.giveBack(connections[0]) == .hand(to: waiters[2]))
        #expect(pool.counts.connecting == 2)
    }

    @Test func `lets wait who may be handed a connection that is in use`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 1
        }
        let connection = try pool.borrow()
        let waiter = try #require(pool.acquire(patience: .milliseconds(10)).waiter)
        #expect(pool.giveBack(connection) == .hand(to: waiter))
    }

    @Test func `asks no token for an idle or a half-open connection`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 1
        }
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.acquire() == .lend(connection, .none))
        pool.now += .milliseconds(200)
        let halfOpen = try #require(pool.acquire().opened)
        for _ in 0..<5 {
            #expect(pool.interrupted(halfOpen) == .keep)
            #expect(pool.acquire() == .resume(halfOpen))
        }
    }
}
