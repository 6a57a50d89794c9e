import Moments
import PoolCore
import Testing

@Suite struct `An idle connection` {
    @Test(arguments: [
        (0, LivenessCheck.none), (499, .none), (500, .look), (30_000, .look), (30_001, .ping), (60_000, .ping),
    ])
    func `is checked the more thoroughly the longer it was idle`(milliseconds: Int, check: LivenessCheck) throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.now += .milliseconds(milliseconds)
        #expect(pool.acquire() == .lend(connection, check))
        #expect(pool.closed == [])
    }

    @Test(arguments: [
        (0, 60_000, false), (0, 60_001, true), (1, 60_001, false), (1, 300_000, false), (1, 300_001, true),
    ])
    func `is closed after the idle timeout, and as one of the minimum after the hard limit`(
        minimum: Int,
        milliseconds: Int,
        isClosed: Bool
    ) throws {
        let pool = PoolDriver { $0.minConnections = minimum }
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.now += .milliseconds(milliseconds)
        let told = pool.acquire()
        #expect(pool.closed == (isClosed ? [connection] : []))
        #expect((told.opened != nil) == isClosed)
        #expect(pool.counters.expiries == (isClosed ? 1 : 0))
    }

    @Test func `is closed in time even if the newest is always lent`() throws {
        let pool = PoolDriver { $0.size = 4 }
        let connections = try pool.fill(4)
        let newest = connections[3]
        var closed: [ConnectionID] = []
        for _ in 0..<70 {
            pool.now += .seconds(1)
            #expect(pool.acquire() == .lend(newest, .look))
            closed += pool.closed
            #expect(pool.giveBack(newest) == .park)
        }
        #expect(closed == Array(connections.prefix(3)))
        #expect(pool.counts.open == 1)
    }

    @Test func `of the minimum is the one that was used last`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.minConnections = 1
        }
        let connections = try pool.fill(3, apart: .seconds(1))
        pool.now += .seconds(61)
        #expect(pool.acquire() == .lend(connections[2], .ping))
        #expect(pool.closed == Array(connections.prefix(2)))
    }

    @Test func `does not stay for the minimum when enough are in use`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.minConnections = 1
        }
        let inUse = try pool.borrow()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.now += .seconds(61)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
        #expect(pool.giveBack(inUse) == .park)
    }

    @Test func `is closed at the end of its life, however short it was idle`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        pool.now += .seconds(899)
        #expect(pool.giveBack(connection) == .park)
        pool.now += .seconds(1)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }

    @Test func `in use is not closed, however old`() throws {
        let pool = PoolDriver { $0.size = 2 }
        _ = try pool.borrow()
        pool.now += .seconds(10_000)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [])
        #expect(pool.counts.leased == 1)
    }

    @Test func `that came back in the future is asked, for the clock was set back`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.now -= .nanoseconds(1)
        #expect(pool.acquire() == .lend(connection, .ping))
    }

    @Test(arguments: [(0, LivenessCheck.none), (499, .none), (500, .look), (30_001, .ping)])
    func `was idle at least as long as the process was frozen`(milliseconds: Int, check: LivenessCheck) throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.thaw(gap: .milliseconds(milliseconds))
        pool.thaw(gap: .zero)
        #expect(pool.acquire() == .lend(connection, check))
        // It was in use since.
        #expect(pool.giveBack(connection) == .park)
        #expect(pool.acquire() == .lend(connection, .none))
    }

    @Test func `is closed without a question after a long freeze`() throws {
        let pool = PoolDriver { $0.minConnections = 1 }
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection) == .park)
        pool.thaw(gap: .seconds(301))
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }

    @Test func `is closed with the half-open ones when the process may be frozen, whatever the minimum`() throws {
        let pool = PoolDriver {
            $0.size = 3
            $0.minConnections = 3
        }
        let inUse = try pool.borrow()
        let idle = try pool.borrow()
        let halfOpen = try #require(pool.acquire().opened)
        #expect(pool.interrupted(halfOpen) == .keep)
        #expect(pool.giveBack(idle) == .park)
        #expect(Set(pool.releaseIdle()) == [idle, halfOpen])
        #expect(pool.releaseIdle() == [])
        #expect(pool.counts.open == 1)
        #expect(pool.giveBack(inUse) == .park)
    }
}
