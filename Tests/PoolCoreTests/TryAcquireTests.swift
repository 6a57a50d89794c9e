import Moments
import PoolCore
import Testing

@Suite struct `An acquire that does not wait` {
    @Test func `opens a connection, and is lent an idle one`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.tryAcquire().opened)
        #expect(pool.connected(connection) == .lend)
        #expect(pool.giveBack(connection) == .park)
        pool.now += .seconds(31)
        #expect(pool.tryAcquire() == .lend(connection, .ping))
    }

    @Test func `gets nothing when all are in use, and is not queued`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.snapshot.waiting == 0)
        #expect(pool.counters.misses == 1)
        #expect(pool.counters.rejections == 0)
    }

    @Test func `does not go past those who wait`() throws {
        let pool = PoolDriver { $0.connectBurst = 1 }
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection, .broken) == .close)
        pool.now += .seconds(1)
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.wake()?.waiter == waiter)
    }

    @Test func `goes on with a half-open connection`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        #expect(pool.interrupted(connection) == .keep)
        #expect(pool.tryAcquire() == .resume(connection))
    }

    @Test func `closes what it finds too old, also if it gets nothing`() throws {
        let pool = PoolDriver {
            $0.connectBurst = 1
            $0.connectRate = 0.001
        }
        let connection = try #require(try pool.fill(1).first)
        pool.now += .seconds(61)
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.closed == [connection])
        #expect(pool.counters.throttled == 1)
    }

    @Test func `is refused by a pool that was shut down`() {
        let pool = PoolDriver()
        _ = pool.shutDown()
        #expect(pool.tryAcquire() == .reject(.closed))
    }
}

@Suite struct `A pool that is filled` {
    @Test func `has its minimum, and lends it`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.minConnections = 2
            $0.maxUses = 1
        }
        let connections = [try #require(pool.fill()), try #require(pool.fill())]
        #expect(pool.fill() == nil)
        // Making it was no use of it.
        for connection in connections { #expect(pool.filled(connection) == .park) }
        #expect(pool.acquire() == .lend(connections[1], .none))
        #expect(pool.giveBack(connections[1]) == .close)
        #expect(pool.fill() != nil)
    }

    @Test func `hands a new connection to somebody who came meanwhile`() throws {
        let pool = PoolDriver { $0.minConnections = 1 }
        let connection = try #require(pool.fill())
        let waiter = try pool.queueUp()
        #expect(pool.filled(connection) == .hand(to: waiter))
    }

    @Test func `obeys the throttle`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.minConnections = 2
            $0.connectBurst = 1
        }
        #expect(pool.fill() != nil)
        #expect(pool.fill() == nil)
        pool.now += .milliseconds(201)
        #expect(pool.fill() != nil)
    }

    @Test func `is not filled before those who wait are served, in a pause, or after the end`() throws {
        let pool = PoolDriver {
            $0.size = 2
            $0.minConnections = 2
        }
        pool.pause(for: .seconds(1))
        #expect(pool.fill() == nil)
        _ = try pool.queueUp()
        pool.resume()
        #expect(pool.fill() == nil)
        _ = pool.shutDown()
        #expect(pool.fill() == nil)
    }

    @Test func `closes what was made after a shutdown`() throws {
        let pool = PoolDriver { $0.minConnections = 1 }
        let connection = try #require(pool.fill())
        _ = pool.shutDown()
        #expect(pool.filled(connection) == .close)
        #expect(pool.state.isEmpty)
    }
}
