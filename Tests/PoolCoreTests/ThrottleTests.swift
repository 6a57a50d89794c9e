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
