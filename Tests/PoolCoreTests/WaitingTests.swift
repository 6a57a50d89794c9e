import Moments
import PoolCore
import Testing

@Suite struct `Those who wait` {
    @Test func `are served in the order in which they came`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiters = try (0..<10).map { _ in try pool.queueUp() }
        for waiter in waiters { #expect(pool.giveBack(connection) == .hand(to: waiter)) }
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.snapshot.waiting == 0)
    }

    @Test(arguments: 0..<5)
    func `keep their order when one of them leaves, wherever it stands`(place: Int) throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        var waiters = try (0..<5).map { _ in try pool.queueUp() }
        #expect(pool.leave(waiters.remove(at: place)))
        waiters.append(try pool.queueUp())
        #expect(pool.snapshot.waiting == 5)
        for waiter in waiters { #expect(pool.giveBack(connection) == .hand(to: waiter)) }
        #expect(pool.giveBack(connection) == .park)
    }

    @Test func `may all leave and come again`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        for _ in 0..<3 {
            let waiters = try (0..<4).map { _ in try pool.queueUp() }
            for place in [1, 3, 0, 2] { #expect(pool.leave(waiters[place])) }
            #expect(pool.snapshot.waiting == 0)
        }
        let last = try pool.queueUp()
        #expect(pool.giveBack(connection) == .hand(to: last))
    }

    @Test func `are 25 000 on three connections, and half of them leave`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.maxWaiters = 25_000
        }
        let connections = try (0..<3).map { _ in try pool.borrow() }
        let waiters = try (0..<25_000).map { _ in try pool.queueUp() }
        #expect(pool.acquire() == .reject(.tooManyWaiters))
        // From the middle outwards: the dearest order for a queue that has to search.
        for index in stride(from: 12_500, to: 25_000, by: 2) where !pool.leave(waiters[index]) {
            Issue.record("\(waiters[index]) is gone")
        }
        for index in stride(from: 12_498, through: 0, by: -2) where !pool.leave(waiters[index]) {
            Issue.record("\(waiters[index]) is gone")
        }
        for index in stride(from: 1, to: 25_000, by: 2)
        where pool.giveBack(connections[index % 3]) != .hand(to: waiters[index]) {
            Issue.record("\(waiters[index]) was not next")
        }
        #expect(pool.snapshot.waiting == 0)
        #expect(pool.counters.waits == 25_000)
        #expect(pool.counters.waitCancellations == 12_500)
    }

    @Test func `learn that they were handed something in the moment in which they left`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection) == .hand(to: waiter))
        #expect(!pool.leave(waiter, .timedOut))
        #expect(pool.counters.waitTimeouts == 0)
        // It has the connection now, and gives it back.
        #expect(pool.giveBack(connection) == .park)
    }

    @Test func `are not mistaken for earlier ones in the same place`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        let first = try pool.queueUp()
        #expect(pool.leave(first))
        let second = try pool.queueUp()
        #expect(first != second)
        #expect(!pool.leave(first))
        #expect(pool.ask(first) == nil)
        #expect(pool.snapshot.waiting == 1)
        #expect(pool.leave(second))
    }

    @Test func `take the places of earlier ones, so that a queue does not grow with its history`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        for _ in 0..<1000 {
            let waiters = [try pool.queueUp(), try pool.queueUp()]
            #expect(Set(waiters.map { $0.description.prefix { $0 != "." } }) == ["waiter 0", "waiter 1"])
            for waiter in waiters { #expect(pool.leave(waiter)) }
        }
    }

    @Test func `are handed an overflow connection that comes back`() throws {
        let pool = PoolDriver { $0.maxOverflow = 1 }
        let connections = [try pool.borrow(), try pool.borrow()]
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connections[1]) == .hand(to: waiter))
        #expect(pool.giveBack(connections[1]) == .close)
        #expect(pool.giveBack(connections[0]) == .park)
    }

    @Test func `open a connection themselves when one came back broken`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.wake() == nil)
        #expect(pool.giveBack(connection, .broken) == .close)
        let woken = try #require(pool.wake())
        #expect(woken.waiter == waiter)
        #expect(woken.told.opened != nil)
        #expect(pool.wake() == nil)
    }

    @Test func `open a connection themselves when the one that came back was at the end of its life`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        pool.now += pool.state.limits.maxLifetime
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.wake()?.waiter == waiter)
    }

    @Test func `are all woken when several places become free`() throws {
        let pool = PoolDriver { $0.size = 3 }
        let connections = try (0..<3).map { _ in try #require(pool.acquire().opened) }
        let waiters = try (0..<4).map { _ in try pool.queueUp() }
        for connection in connections { #expect(pool.failed(connection) == []) }
        let woken = pool.wakeAll()
        #expect(woken.map(\.waiter) == Array(waiters.prefix(3)))
        #expect(Set(woken.compactMap(\.told.opened)).count == 3)
        #expect(pool.snapshot.waiting == 1)
    }
}

@Suite struct `A waiter that is told to ask again` {
    /// One place, free, and no token for it: the one that waits was told a time.
    private func throttled() throws -> (pool: PoolDriver, waiter: WaiterID, token: Instant) {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection, .broken) == .close)
        let token = try #require(pool.wake()?.told.timeToAskAgain)
        #expect(pool.wake() == nil)
        return (pool, waiter, token)
    }

    @Test func `opens a connection then`() throws {
        let (pool, waiter, token) = try throttled()
        #expect(token == PoolDriver.start + .milliseconds(200))
        pool.now = token
        #expect(pool.ask(waiter)?.opened != nil)
        #expect(pool.snapshot.waiting == 0)
    }

    @Test func `is told again when it asks too soon`() throws {
        let (pool, waiter, token) = try throttled()
        pool.now = token - .milliseconds(50)
        #expect(pool.ask(waiter) == .wait(waiter, askAgain: token))
        #expect(pool.wake() == nil)
    }

    @Test func `is not told twice when it asked before anybody told it`() throws {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let connection = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.failed(connection) == [])
        #expect(pool.ask(waiter)?.timeToAskAgain != nil)
        #expect(pool.wake() == nil)
    }

    @Test func `has a successor that is told when it leaves`() throws {
        let (pool, waiter, token) = try throttled()
        let next = try pool.queueUp()
        #expect(pool.wake() == nil)
        #expect(pool.leave(waiter))
        #expect(pool.wake() == Woken(waiter: next, told: .askAgain(at: token)))
        #expect(pool.wake() == nil)
    }

    @Test func `goes on with a half-open connection rather than spend a token`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connection = try #require(pool.acquire().opened)
        _ = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.interrupted(connection) == .keep)
        #expect(pool.ask(waiter) == .resume(connection))
        #expect(pool.counters.connects == 2)
    }

    @Test func `learns that it has been handed something`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection) == .hand(to: waiter))
        #expect(pool.ask(waiter) == nil)
    }

    @Test func `waits on when there is no place`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.ask(waiter) == .wait(waiter, askAgain: nil))
    }

    @Test func `is told a new time when another spent its token`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 2
        }
        let connections = [try pool.borrow(), try pool.borrow()]
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connections[0], .broken) == .close)
        let token = try #require(pool.wake()?.told.timeToAskAgain)
        pool.now = token
        #expect(pool.foundDead(connections[1]).opened != nil)
        #expect(pool.ask(waiter) == .wait(waiter, askAgain: token + .milliseconds(200)))
    }
}
