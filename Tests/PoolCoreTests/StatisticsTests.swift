import Moments
import PoolCore
import Testing

@Suite struct `The statistics` {
    @Test func `count acquires and connects`() throws {
        let pool = PoolDriver { $0.size = 2 }
        for connection in try pool.fill(2) { _ = connection }
        _ = pool.acquire()
        #expect(pool.counters.acquires == 3)
        #expect(pool.counters.connects == 2)
        #expect(pool.counters.waits == 0)
    }

    @Test func `count a connect that was gone on with once`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        #expect(pool.interrupted(connection) == .keep)
        #expect(pool.acquire() == .resume(connection))
        #expect(pool.failed(connection) == [])
        #expect(pool.counters.connects == 1)
        #expect(pool.counters.connectFailures == 1)
    }

    @Test func `tell waiters that timed out from those that were cancelled`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        let waiters = try (0..<3).map { _ in try pool.queueUp() }
        #expect(pool.leave(waiters[0], .timedOut))
        #expect(pool.leave(waiters[1], .cancelled))
        #expect(pool.leave(waiters[2], .cancelled))
        #expect(pool.counters.waits == 3)
        #expect(pool.counters.waitTimeouts == 1)
        #expect(pool.counters.waitCancellations == 2)
    }

    @Test func `count every rejection, at once and out of the queue`() throws {
        let pool = PoolDriver { $0.maxWaiters = 1 }
        let connection = try #require(pool.acquire().opened)
        _ = try pool.queueUp()
        #expect(pool.acquire() == .reject(.tooManyWaiters))
        #expect(pool.counters.rejections == 1)
        #expect(pool.failed(connection, isDefinite: true)?.count == 1)
        #expect(pool.counters.rejections == 2)
        _ = pool.shutDown()
        #expect(pool.acquire() == .reject(.closed))
        #expect(pool.counters.rejections == 3)
    }

    @Test func `tell connections that were lost from those that were too old`() throws {
        let pool = PoolDriver()
        #expect(pool.giveBack(try pool.borrow(), .broken) == .close)
        let dead = try pool.borrow()
        let next = try #require(pool.foundDead(dead).opened)
        #expect(pool.counters.losses == 2)
        #expect(pool.connected(next) == .lend)
        #expect(pool.giveBack(next) == .park)
        pool.now += .seconds(61)
        _ = pool.acquire()
        #expect(pool.counters.losses == 2)
        #expect(pool.counters.expiries == 1)
    }

    @Test func `name the phase of every connection`() throws {
        let pool = PoolDriver { $0.size = 4 }
        let idle = try pool.borrow()
        _ = try pool.borrow()
        _ = try #require(pool.acquire().opened)
        let halfOpen = try #require(pool.acquire().opened)
        _ = try pool.queueUp()
        #expect(pool.interrupted(halfOpen) == .keep)
        let counts = pool.counts
        #expect([counts.idle, counts.leased, counts.connecting, counts.halfOpen] == [0, 2, 1, 1])
        #expect(counts.open == 4)
        #expect(pool.snapshot.waiting == 1)
        #expect(pool.wakeAll().count == 1)
        #expect(pool.giveBack(idle) == .park)
        #expect(pool.counts.idle == 1)
    }

    @Test func `account for every connection that was begun`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.maxOverflow = 1
        }
        let connections = try (0..<3).map { _ in try pool.borrow() }
        #expect(pool.giveBack(connections[0]) == .close)
        #expect(pool.giveBack(connections[1], .broken) == .close)
        #expect(pool.failed(try #require(pool.acquire().opened)) == [])
        #expect(pool.giveBack(connections[2]) == .park)
        #expect(pool.releaseIdle() == [connections[2]])
        let evictions = pool.counters.evictions
        #expect([evictions.overflow, evictions.broken, evictions.released, evictions.total] == [1, 1, 1, 3])
        #expect(pool.counters.connects == evictions.total + pool.counters.connectFailures)
    }

    @Test func `count every time that there was no token`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.connectBurst = 1
        }
        _ = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.counters.throttled == 1)
        #expect(pool.ask(waiter)?.timeToAskAgain != nil)
        #expect(pool.counters.throttled == 2)
    }
}
