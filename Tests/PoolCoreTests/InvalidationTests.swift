import Moments
import PoolCore
import Testing

@Suite struct `An invalidation` {
    @Test func `closes what nobody uses, and what comes back later`() throws {
        let pool = PoolDriver { $0.size = 3 }
        let idle = try pool.fill(2)
        for connection in idle.reversed() { #expect(pool.acquire() == .lend(connection, .none)) }
        let halfOpen = try #require(pool.acquire().opened)
        #expect(pool.interrupted(halfOpen) == .keep)
        #expect(pool.giveBack(idle[0]) == .park)
        #expect(Set(pool.invalidateAll()) == [idle[0], halfOpen])
        #expect(pool.giveBack(idle[1]) == .close)
        #expect(pool.counters.evictions.invalidated == 3)
        #expect(pool.counters.invalidations == 1)
        #expect(pool.state.isEmpty)
    }

    @Test func `lends a connection that was being opened to its task, and closes it afterwards`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        #expect(pool.invalidateAll() == [])
        #expect(pool.connected(connection) == .lend)
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.counters.evictions.invalidated == 1)
        #expect(pool.wake()?.waiter == waiter)
    }

    @Test func `does not keep a connect that was begun before it half-open`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        _ = pool.invalidateAll()
        #expect(pool.interrupted(connection) == .close)
        #expect(pool.counters.evictions.invalidated == 1)
    }

    @Test func `does not touch what is opened after it, in the same place`() throws {
        let pool = PoolDriver()
        #expect(pool.invalidateAll() == [])
        let old = try pool.borrow()
        _ = pool.invalidateAll()
        #expect(pool.giveBack(old) == .close)
        let new = try pool.borrow()
        #expect(new.slot == old.slot)
        #expect(pool.giveBack(new) == .park)
    }

    @Test func `follows a connection that was lost, once for all that were open with it`() throws {
        let pool = PoolDriver { $0.size = 3 }
        let connections = try (0..<3).map { _ in try pool.borrow() }
        #expect(pool.giveBack(connections[2]) == .park)
        #expect(pool.lost(connections[0]) == [connections[2]])
        #expect(pool.giveBack(connections[0], .broken) == .close)
        let new = try pool.borrow()
        // The second borrower meets the same restart: what was opened after it is not suspect.
        #expect(pool.lost(connections[1]) == [])
        #expect(pool.giveBack(connections[1], .broken) == .close)
        #expect(pool.giveBack(new) == .park)
        #expect(pool.counters.invalidations == 1)
        #expect(pool.counters.losses == 2)
    }

    @Test func `does not follow word of a connection that is gone`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection, .broken) == .close)
        let next = try pool.borrow()
        #expect(pool.lost(connection) == [])
        #expect(pool.giveBack(next) == .park)
    }
}

@Suite struct `A connection that may be used a number of times` {
    @Test(arguments: [1, 2, 5])
    func `is closed when it comes back for the last time`(uses: Int) throws {
        let pool = PoolDriver { $0.maxUses = uses }
        let connection = try pool.borrow()
        for _ in 1..<uses {
            #expect(pool.giveBack(connection) == .park)
            #expect(pool.acquire() == .lend(connection, .none))
        }
        #expect(pool.giveBack(connection) == .close)
        #expect(pool.counters.evictions.maxUses == 1)
        #expect(pool.counters.expiries == 0)
    }

    @Test func `is used up by those who wait for it too`() throws {
        let pool = PoolDriver { $0.maxUses = 2 }
        let connection = try pool.borrow()
        let waiters = [try pool.queueUp(), try pool.queueUp()]
        #expect(pool.giveBack(connection) == .hand(to: waiters[0]))
        #expect(pool.giveBack(connection) == .close)
        let woken = try #require(pool.wake())
        #expect(woken.waiter == waiters[1])
        #expect(woken.told.opened != nil)
    }

    @Test func `is lost, not used up, when it comes back broken`() throws {
        let pool = PoolDriver { $0.maxUses = 1 }
        #expect(pool.giveBack(try pool.borrow(), .broken) == .close)
        #expect(pool.counters.evictions.maxUses == 0)
        #expect(pool.counters.losses == 1)
    }
}

@Suite struct `A pool that keeps no connections` {
    @Test func `closes what comes back`() throws {
        let pool = PoolDriver { $0.keepsConnections = false }
        #expect(pool.giveBack(try pool.borrow()) == .close)
        #expect(pool.counters.evictions.unpooled == 1)
        #expect(pool.acquire().opened != nil)
    }

    @Test func `still limits how many are open, and hands one straight to a waiter`() throws {
        let pool = PoolDriver { $0.keepsConnections = false }
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection) == .hand(to: waiter))
        #expect(pool.giveBack(connection) == .close)
    }

    @Test func `is not filled`() {
        let pool = PoolDriver {
            $0.keepsConnections = false
            $0.minConnections = 1
        }
        #expect(pool.fill() == nil)
    }
}
