import Moments
import PoolCore
import Testing

@Suite struct `A shutdown` {
    @Test func `closes what nobody uses, rejects who waits, and leaves the rest to come back`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connections = [try pool.borrow(), try pool.borrow()]
        let waiters = [try pool.queueUp(), try pool.queueUp()]
        let action = pool.shutDown()
        #expect(action.close == [])
        #expect(action.reject == waiters)
        #expect(pool.state.isClosed)
        #expect(!pool.state.isEmpty)
        #expect(pool.wake() == nil)
        for connection in connections { #expect(pool.giveBack(connection) == .close) }
        #expect(pool.state.isEmpty)
    }

    @Test func `closes idle and half-open connections`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let idle = try pool.borrow()
        let halfOpen = try #require(pool.acquire().opened)
        #expect(pool.interrupted(halfOpen) == .keep)
        #expect(pool.giveBack(idle) == .park)
        let action = pool.shutDown()
        #expect(action.close == [idle, halfOpen])
        #expect(action.reject == [])
        #expect(pool.state.isEmpty)
    }

    @Test func `may be repeated`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.shutDown().close == [connection])
        #expect(pool.shutDown().close == [])
    }

    @Test func `is the end of lending`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        _ = pool.shutDown()
        #expect(pool.acquire() == .reject(.closed))
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.acquire() == .reject(.closed))
    }
}

@Suite struct `A word that comes too late` {
    @Test func `about a connection that is gone changes nothing`() throws {
        let pool = PoolDriver()
        let gone = try pool.borrow()
        #expect(pool.giveBack(gone, .broken) == .close)
        let successor = try pool.borrow()
        #expect(gone.slot == successor.slot)
        let before = pool.state
        #expect(pool.giveBack(gone) == .close)
        #expect(pool.giveBack(gone, .broken) == .close)
        #expect(pool.foundDead(gone) == .reject(.closed))
        #expect(pool.state == before)
    }

    @Test func `about a connection that is idle changes nothing`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        let before = pool.state
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.foundDead(connection) == .reject(.closed))
        #expect(pool.state == before)
    }

    @Test func `about a connection that is not open yet changes nothing`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        let before = pool.state
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.foundDead(connection) == .reject(.closed))
        #expect(pool.state == before)
    }

    @Test func `about a connection of a larger pool changes nothing`() throws {
        let large = PoolDriver { $0.size = 8 }
        let foreign = try #require(try large.fill(8).last)
        let pool = PoolDriver()
        let before = pool.state
        #expect(pool.giveBack(foreign) == .close)
        #expect(pool.foundDead(foreign) == .reject(.closed))
        #expect(pool.state == before)
    }

    @Test func `of a waiter that is gone changes nothing`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        let gone = try pool.queueUp()
        #expect(pool.leave(gone))
        let before = pool.state
        #expect(!pool.leave(gone))
        #expect(!pool.leave(gone, .timedOut))
        #expect(pool.ask(gone) == nil)
        #expect(pool.state == before)
    }
}
