import Moments
import PoolCore
import Testing

@Suite struct `A connect` {
    @Test func `that was made is its task's`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        #expect(pool.connected(connection) == .lend)
        #expect(pool.counts.leased == 1)
        #expect(pool.counts.connecting == 0)
    }

    @Test func `that failed leaves its place to the next`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.failed(connection) == [])
        #expect(pool.counts.open == 0)
        let woken = try #require(pool.wake())
        #expect(woken.waiter == waiter)
        #expect(woken.told.opened != nil)
    }

    @Test func `in the overflow that failed leaves its place to the next`() throws {
        let pool = PoolDriver { $0.maxOverflow = 1 }
        _ = try pool.borrow()
        let connection = try #require(pool.acquire().opened)
        #expect(pool.failed(connection) == [])
        #expect(pool.acquire().opened != nil)
    }

    @Test func `that failed for good is the end of all who wait, in their order`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let waiters = try (0..<3).map { _ in try pool.queueUp() }
        #expect(pool.failed(connection, isDefinite: true) == waiters)
        #expect(pool.wake() == nil)
        #expect(!pool.leave(waiters[0]))
    }

    @Test func `that failed for good harms nobody who may be handed a connection that is in use`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let inUse = try pool.borrow()
        let connection = try #require(pool.acquire().opened)
        let waiter = try pool.queueUp()
        #expect(pool.failed(connection, isDefinite: true) == [])
        #expect(pool.giveBack(inUse) == .hand(to: waiter))
    }

    @Test func `that was made after a shutdown is closed`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        _ = pool.shutDown()
        #expect(!pool.state.isEmpty)
        #expect(pool.connected(connection) == .close)
        #expect(pool.state.isEmpty)
    }

    @Test func `that was left after a shutdown is closed`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        _ = pool.shutDown()
        #expect(pool.interrupted(connection) == .close)
        #expect(pool.state.isEmpty)
    }

    @Test func `that failed after a shutdown gives its place back`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        _ = pool.shutDown()
        #expect(pool.failed(connection, isDefinite: true) == [])
        #expect(pool.state.isEmpty)
    }
}

@Suite struct `A half-open connection` {
    private func halfOpen(_ pool: PoolDriver) throws -> ConnectionID {
        let connection = try #require(pool.acquire().opened)
        #expect(pool.interrupted(connection) == .keep)
        return connection
    }

    @Test func `is gone on with by the next who comes`() throws {
        let pool = PoolDriver()
        let connection = try halfOpen(pool)
        #expect(pool.counts.halfOpen == 1)
        #expect(pool.acquire() == .resume(connection))
        #expect(pool.connected(connection) == .lend)
        #expect(pool.counters.connects == 1)
    }

    @Test func `is gone on with by the first who waits`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let waiters = [try pool.queueUp(), try pool.queueUp()]
        #expect(pool.interrupted(connection) == .keep)
        #expect(pool.wakeAll() == [Woken(waiter: waiters[0], told: .resume(connection))])
    }

    @Test func `is not taken while another is idle`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let inUse = try pool.borrow()
        _ = try halfOpen(pool)
        #expect(pool.giveBack(inUse) == .park)
        #expect(pool.acquire() == .lend(inUse, .none))
    }

    @Test func `is no reason to close a whole one that comes back`() throws {
        let pool = PoolDriver { $0.maxOverflow = 1 }
        let inUse = try pool.borrow()
        _ = try halfOpen(pool)
        #expect(pool.giveBack(inUse) == .park)
        #expect(pool.counts.open == 2)
    }

    @Test(arguments: [(2999, false), (3000, false), (3001, true)])
    func `is closed when its connect was begun too long ago`(milliseconds: Int, isClosed: Bool) throws {
        let pool = PoolDriver()
        let connection = try halfOpen(pool)
        pool.now += .milliseconds(milliseconds)
        let told = pool.acquire()
        #expect(pool.closed == (isClosed ? [connection] : []))
        #expect((told == .resume(connection)) != isClosed)
        #expect((told.opened != nil) == isClosed)
        #expect(pool.counters.expiries == (isClosed ? 1 : 0))
    }

    @Test func `has no more time after it was gone on with once`() throws {
        let pool = PoolDriver()
        let connection = try halfOpen(pool)
        pool.now += .seconds(2)
        #expect(pool.acquire() == .resume(connection))
        #expect(pool.interrupted(connection) == .keep)
        pool.now += .seconds(2)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }

    @Test func `that is too old is closed even if another is lent`() throws {
        let pool = PoolDriver { $0.maxOverflow = 1 }
        let inUse = try pool.borrow()
        let connection = try halfOpen(pool)
        #expect(pool.giveBack(inUse) == .park)
        pool.now += .seconds(4)
        #expect(pool.acquire() == .lend(inUse, .look))
        #expect(pool.closed == [connection])
    }

    @Test func `is closed when the clock was set back`() throws {
        let pool = PoolDriver()
        let connection = try halfOpen(pool)
        pool.now -= .seconds(1)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }

    @Test func `is closed after a freeze that was long enough, though the clock stood still`() throws {
        let pool = PoolDriver()
        let connection = try halfOpen(pool)
        pool.thaw(gap: .seconds(4))
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }
}
