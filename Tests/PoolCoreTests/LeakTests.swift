import Moments
import PoolCore
import Testing

@Suite struct `A lease that lasts too long` {
    @Test func `is reported once, and withdrawn when it ends after all`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let early = try pool.borrow()
        pool.now += .seconds(2)
        _ = try pool.borrow()
        #expect(pool.overdue(.seconds(2)) == [])
        pool.now += .milliseconds(1)
        #expect(pool.overdue(.seconds(2)) == [early])
        #expect(pool.wasReported(early))
        #expect(pool.overdue(.seconds(2)) == [])
        #expect(pool.counters.leaks == 1)
        #expect(pool.counters.leaksWithdrawn == 0)
        #expect(pool.giveBack(early) == .park)
        #expect(pool.counters.leaksWithdrawn == 1)
        #expect(!pool.wasReported(early))
    }

    @Test func `is counted from the present borrower`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        pool.now += .seconds(10)
        #expect(pool.overdue(.seconds(5)) == [connection])
        #expect(pool.giveBack(connection) == .hand(to: waiter))
        #expect(!pool.wasReported(connection))
        #expect(pool.overdue(.seconds(5)) == [])
        pool.now += .seconds(6)
        #expect(pool.overdue(.seconds(5)) == [connection])
        #expect(pool.counters.leaks == 2)
    }

    @Test func `is withdrawn when its connection comes back broken or dead`() throws {
        let pool = PoolDriver { $0.size = 2 }
        let connections = [try pool.borrow(), try pool.borrow()]
        pool.now += .seconds(10)
        #expect(pool.overdue(.seconds(5)) == connections)
        #expect(pool.giveBack(connections[0], .broken) == .close)
        _ = pool.foundDead(connections[1])
        #expect(pool.counters.leaksWithdrawn == 2)
    }

    @Test func `is not one that a clock set back makes seem so`() throws {
        let pool = PoolDriver()
        _ = try pool.borrow()
        pool.now -= .seconds(100)
        #expect(pool.overdue(.seconds(5)) == [])
    }

    @Test func `can be found among all that are out`() throws {
        let pool = PoolDriver { $0.size = 3 }
        #expect(pool.state.leasesOut == [])
        let connections = try (0..<3).map { _ in try pool.borrow() }
        #expect(pool.giveBack(connections[1]) == .park)
        #expect(pool.state.leasesOut == [connections[0], connections[2]])
    }
}
