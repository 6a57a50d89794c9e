import Moments
import PoolCore
import Testing

@Suite struct `A pool that is resized` {
    @Test func `lets those who wait open connections when it grows`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        let waiters = [try pool.queueUp(), try pool.queueUp()]
        #expect(pool.wake() == nil)
        #expect(pool.resize(2, overflow: 1) == [])
        #expect(pool.state.slotCapacity == 3)
        let woken = pool.wakeAll()
        #expect(woken.map(\.waiter) == waiters)
        #expect(woken.allSatisfy { $0.told.opened != nil })
        #expect(pool.snapshot.maxOpen == 3)
    }

    @Test func `closes the idle connections that are too many, the oldest first`() throws {
        let pool = PoolDriver { $0.size = 4 }
        let connections = try pool.fill(4)
        #expect(pool.resize(1) == Array(connections.prefix(3)))
        #expect(pool.acquire() == .lend(connections[3], .none))
        #expect(pool.counters.evictions.overflow == 3)
    }

    @Test func `closes those in use when they come back, also if somebody waits`() throws {
        let pool = PoolDriver { $0.size = 3 }
        let connections = try (0..<3).map { _ in try pool.borrow() }
        let waiter = try pool.queueUp()
        #expect(pool.resize(1) == [])
        #expect(pool.giveBack(connections[0]) == .close)
        #expect(pool.wake() == nil)
        #expect(pool.giveBack(connections[1]) == .close)
        #expect(pool.wake() == nil)
        #expect(pool.giveBack(connections[2]) == .hand(to: waiter))
        #expect(pool.giveBack(connections[2]) == .park)
    }

    @Test func `lends a connection that was being opened to its task, however small it is`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connections = [try #require(pool.acquire().opened), try #require(pool.acquire().opened)]
        #expect(pool.resize(1) == [])
        #expect(pool.connected(connections[0]) == .lend)
        #expect(pool.interrupted(connections[1]) == .close)
        #expect(pool.giveBack(connections[0]) == .park)
    }

    @Test func `gives half-open connections up before whole ones`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let halfOpen = try #require(pool.acquire().opened)
        let inUse = try pool.borrow()
        #expect(pool.interrupted(halfOpen) == .keep)
        #expect(pool.resize(1) == [halfOpen])
        #expect(pool.giveBack(inUse) == .park)
    }

    @Test(arguments: [true, false])
    func `has a larger burst at once, if the burst is its limit`(follows: Bool) throws {
        let pool = PoolDriver {
            $0.connectBurst = 1
            $0.connectBurstFollowsLimit = follows
        }
        _ = try pool.borrow()
        #expect(pool.resize(3) == [])
        #expect((pool.acquire().opened != nil) == follows)
    }

    @Test func `keeps its throttle's debts when it shrinks`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.connectBurst = 3
            $0.connectBurstFollowsLimit = true
        }
        for connection in try pool.fill(3) { _ = connection }
        #expect(pool.resize(1).count == 2)
        let connection = try #require(pool.invalidateAll().first)
        #expect(connection.slot < 3)
        // There is nothing to wait for but the token, and it comes too late.
        #expect(pool.acquire(patience: .milliseconds(599)) == .reject(.throttled(until: pool.now + .milliseconds(600))))
    }

    @Test func `reuses the places of a larger time, and stays within the limit`() throws {
        let pool = PoolDriver()
        _ = pool.resize(4)
        #expect(pool.resize(1) == [])
        #expect(pool.state.slotCapacity == 4)
        _ = try pool.borrow()
        _ = try pool.queueUp()
        #expect(pool.wake() == nil)
    }

    @Test func `stays as it is after a shutdown`() {
        let pool = PoolDriver()
        _ = pool.shutDown()
        #expect(pool.resize(5) == [])
        #expect(pool.snapshot.maxOpen == 1)
    }
}

@Suite struct `A pause` {
    private let end = PoolDriver.start + .seconds(2)

    @Test func `makes everybody wait, and tells the first when it ends`() throws {
        let pool = PoolDriver { $0.size = 2 }
        _ = try pool.fill(1)
        pool.pause(for: .seconds(2))
        #expect(pool.acquire().timeToAskAgain == end)
        #expect(pool.acquire().timeToAskAgain == nil)
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.wake() == nil)
        #expect(pool.state.pauseEnd(now: pool.now) == end)
    }

    @Test func `ends by itself: idle connections are lent in turn, then others are opened`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connection = try #require(try pool.fill(1).first)
        pool.pause(for: .seconds(2))
        let waiters = try (0..<3).map { _ in try pool.queueUp() }
        pool.now = end
        #expect(pool.ask(waiters[0]) == .wait(waiters[0], askAgain: nil))
        #expect(pool.wake() == Woken(waiter: waiters[0], told: .lend(connection, .look)))
        let woken = try #require(pool.wake())
        #expect(woken.waiter == waiters[1])
        #expect(woken.told.opened != nil)
        #expect(pool.wake() == nil)
    }

    @Test func `that ended lets nobody new go before those who waited for it`() throws {
        let pool = PoolDriver()
        let connection = try #require(try pool.fill(1).first)
        pool.pause(for: .seconds(2))
        let first = try pool.queueUp()
        pool.now = end
        _ = try pool.queueUp()
        #expect(pool.tryAcquire() == .reject(.wouldWait))
        #expect(pool.wake() == Woken(waiter: first, told: .lend(connection, .look)))
        #expect(pool.wake() == nil)
    }

    @Test func `can be ended before its time`() throws {
        let pool = PoolDriver()
        pool.pause(for: .seconds(2))
        let waiter = try pool.queueUp()
        pool.resume()
        #expect(pool.wake()?.waiter == waiter)
    }

    @Test func `keeps what comes back for those who wait`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        pool.pause(for: .seconds(2))
        #expect(pool.wake() == Woken(waiter: waiter, told: .askAgain(at: end)))
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.wake() == nil)
        pool.resume()
        #expect(pool.wake() == Woken(waiter: waiter, told: .lend(connection, .none)))
    }

    @Test func `leaves a connect that is under way to its task`() throws {
        let pool = PoolDriver()
        let connection = try #require(pool.acquire().opened)
        pool.pause(for: .seconds(2))
        #expect(pool.connected(connection) == .lend)
    }

    @Test func `makes the borrower of a dead connection wait, before all others`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        pool.pause(for: .seconds(2))
        _ = try pool.queueUp()
        let told = pool.foundDead(connection)
        #expect(told.timeToAskAgain == end)
        pool.now = end
        #expect(pool.ask(try #require(told.waiter))?.opened != nil)
    }

    @Test func `closes connections that became too old in it, before their successors are opened`() throws {
        let pool = PoolDriver()
        let connection = try #require(try pool.fill(1).first)
        pool.pause(for: .seconds(61))
        _ = try pool.queueUp()
        pool.now += .seconds(61)
        let woken = try #require(pool.wake())
        #expect(woken.closed == [connection])
        #expect(woken.told.opened != nil)
    }

    @Test func `is over when the clock is set back before it`() throws {
        let pool = PoolDriver()
        pool.pause(for: .seconds(2))
        pool.now -= .seconds(1)
        #expect(pool.acquire().opened != nil)
    }

    @Test func `does not keep a shutdown from rejecting those who wait`() throws {
        let pool = PoolDriver()
        pool.pause(for: .seconds(2))
        let waiter = try pool.queueUp()
        #expect(pool.shutDown().reject == [waiter])
        #expect(pool.acquire() == .reject(.closed))
    }
}
