import Moments
import PoolCore
import Testing

@Suite struct `An acquire` {
    @Test func `opens exactly one connection in a new pool, which holds none before`() throws {
        let pool = PoolDriver()
        #expect(pool.counts.open == 0)
        #expect(pool.state.isEmpty)
        #expect(pool.acquire().opened != nil)
        #expect(pool.counts.connecting == 1)
        #expect(pool.counts.open == 1)
    }

    @Test func `uses a connection again`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        for _ in 0..<1000 {
            #expect(pool.giveBack(connection) == .park)
            #expect(pool.acquire() == .lend(connection, .none))
        }
        #expect(pool.counters.connects == 1)
    }

    @Test func `is lent the connection that came back last`() throws {
        let pool = PoolDriver { $0.size = 3 }
        let connections = try (0..<3).map { _ in try pool.borrow() }
        for index in [2, 0, 1] { #expect(pool.giveBack(connections[index]) == .park) }
        #expect(pool.acquire() == .lend(connections[1], .none))
        #expect(pool.acquire() == .lend(connections[0], .none))
        #expect(pool.acquire() == .lend(connections[2], .none))
    }

    @Test(arguments: [(1, 0), (1, 2), (4, 0), (8, 3)])
    func `opens as many connections as the size and the overflow allow, and no more`(size: Int, overflow: Int) throws {
        let pool = PoolDriver {
            $0.size = size
            $0.maxOverflow = overflow
        }
        for _ in 0..<size + overflow { _ = try pool.borrow() }
        #expect(pool.acquire().waiter != nil)
        #expect(pool.counts.open == size + overflow)
        #expect(pool.snapshot.maxOpen == size + overflow)
        #expect(pool.wake() == nil)
    }

    @Test func `names each connection as none before it`() throws {
        let pool = PoolDriver()
        var seen: Set<ConnectionID> = []
        for _ in 0..<100 {
            let connection = try pool.borrow()
            #expect(seen.insert(connection).inserted)
            #expect(pool.giveBack(connection, .broken) == .close)
        }
        #expect(Set(seen.map(\.slot)) == [0])
    }

    @Test func `is refused when as many wait as may wait`() throws {
        let pool = PoolDriver { $0.maxWaiters = 2 }
        _ = try pool.borrow()
        let first = try pool.queueUp()
        _ = try pool.queueUp()
        #expect(pool.acquire() == .reject(.tooManyWaiters))
        #expect(pool.leave(first))
        #expect(pool.acquire().waiter != nil)
        #expect(pool.acquire() == .reject(.tooManyWaiters))
    }

    @Test func `never waits when nobody may wait, and is lent and opened what there is`() throws {
        let pool = PoolDriver { $0.maxWaiters = 0 }
        let connection = try pool.borrow()
        #expect(pool.acquire() == .reject(.tooManyWaiters))
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.acquire() == .lend(connection, .none))
    }

    @Test func `does not overtake those who wait, not even beside a free place`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.failed(connection) == [])
        #expect(pool.acquire().waiter != nil)
        #expect(pool.wake()?.waiter == waiter)
    }

    @Test func `does not overtake those who wait, not even beside a half-open connection`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.interrupted(connection) == .keep)
        #expect(pool.acquire().waiter != nil)
        #expect(pool.wake() == Woken(waiter: waiter, told: .resume(connection)))
    }
}

@Suite struct `A connection that was found dead` {
    @Test func `is replaced by the next idle one`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connections = try pool.fill(2)
        pool.now += .seconds(1)
        #expect(pool.acquire() == .lend(connections[1], .look))
        #expect(pool.foundDead(connections[1]) == .lend(connections[0], .look))
        #expect(pool.counts.open == 1)
    }

    @Test func `is replaced by a new one when none is idle`() throws {
        let pool = PoolDriver()
        let dead = try pool.borrow()
        let next = try #require(pool.foundDead(dead).opened)
        #expect(next != dead)
        #expect(pool.counts.connecting == 1)
        #expect(pool.counts.leased == 0)
    }

    @Test func `is replaced by a half-open one before a token is spent`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let dead = try pool.borrow()
        let halfOpen = try #require(pool.acquire().opened)
        #expect(pool.interrupted(halfOpen) == .keep)
        #expect(pool.foundDead(dead) == .resume(halfOpen))
    }

    @Test func `puts its borrower before those who wait, over the limit of the queue`() throws {
        let pool = PoolDriver {
            $0.maxWaiters = 1
            $0.connectBurst = 1
        }
        let dead = try pool.borrow()
        let waiter = try pool.queueUp()
        let told = pool.foundDead(dead)
        let borrower = try #require(told.waiter)
        #expect(pool.snapshot.waiting == 2)
        pool.now = try #require(told.timeToAskAgain)
        #expect(pool.ask(waiter) == .wait(waiter, askAgain: nil))
        #expect(pool.ask(borrower)?.opened != nil)
    }

    @Test func `leaves its place to those who wait when its borrower is refused`() throws {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let dead = try pool.borrow()
        let waiter = try pool.queueUp()
        guard case .reject(.throttled(let token)) = pool.foundDead(dead, patience: .milliseconds(10)) else {
            Issue.record("the token comes after the deadline")
            return
        }
        #expect(pool.wakeAll() == [Woken(waiter: waiter, told: .askAgain(at: token))])
        pool.now = token
        #expect(pool.ask(waiter)?.opened != nil)
    }

    @Test func `is the end of its place in a pool that was shut down`() throws {
        let pool = PoolDriver()
        let dead = try pool.borrow()
        _ = pool.shutDown()
        #expect(!pool.state.isEmpty)
        #expect(pool.foundDead(dead) == .reject(.closed))
        #expect(pool.state.isEmpty)
    }
}

@Suite struct `An acquire that may be served at once` {
    @Test func `is lent the connection that was used last, without a look at it`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connections = try pool.fill(2)
        pool.now += .milliseconds(10)
        #expect(pool.acquireAtOnce() == connections.last)
        #expect(pool.counters.acquires == 3)
        #expect(pool.counts.leased == 1)
    }

    @Test(arguments: [1, 31, 61]) func `is not, when the connection has to be looked at`(seconds: Int) throws {
        let pool = PoolDriver()
        _ = try pool.fill(1)
        pool.now += .seconds(seconds)
        #expect(pool.acquireAtOnce() == nil)
        #expect(pool.counts.idle == 1)
    }

    @Test func `is not, when others wait, or lending is paused`() throws {
        let pool = PoolDriver()
        _ = try pool.fill(1)
        pool.pause(for: .seconds(1))
        #expect(pool.acquireAtOnce() == nil)
        _ = try pool.queueUp()
        pool.resume()
        #expect(pool.acquireAtOnce() == nil)
    }

    @Test func `is again when a pause has ended by itself`() throws {
        let pool = PoolDriver()
        _ = try pool.fill(1)
        pool.pause(for: .milliseconds(10))
        pool.now += .milliseconds(11)
        #expect(pool.acquireAtOnce() != nil)
    }
}
