import Moments
import PoolCore
import Testing

@Suite struct `A connection that comes back` {
    @Test(arguments: ReturnedState.all)
    func `is kept only when it is between transactions and whole`(state: ReturnedState) throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        #expect(pool.giveBack(connection, state) == (state == .reusable ? .park : .close))
        #expect(pool.counts.idle == (state == .reusable ? 1 : 0))
        #expect(pool.counters.losses == (state == .reusable ? 0 : 1))
    }

    @Test func `broken is handed to nobody`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        let waiter = try pool.queueUp()
        #expect(pool.giveBack(connection, .broken) == .close)
        #expect(pool.leave(waiter))
    }

    @Test(arguments: [(1, 1), (1, 3), (2, 2)])
    func `from the overflow is closed, so that only as many as the size are kept`(size: Int, overflow: Int) throws {
        let pool = PoolDriver {
            $0.size = size
            $0.maxOverflow = overflow
        }
        let connections = try (0..<size + overflow).map { _ in try pool.borrow() }
        for connection in connections.prefix(overflow) { #expect(pool.giveBack(connection) == .close) }
        for connection in connections.suffix(size) { #expect(pool.giveBack(connection) == .park) }
        #expect(pool.counts.open == size)
        #expect(pool.counters.expiries == 0)
        #expect(pool.counters.losses == 0)
    }

    @Test(arguments: ReturnedState.all)
    func `to a pool that was shut down is closed, and has not expired`(state: ReturnedState) throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        _ = pool.shutDown()
        #expect(pool.giveBack(connection, state) == .close)
        #expect(pool.state.isEmpty)
        #expect(pool.counters.expiries == 0)
    }

    @Test(arguments: [(0, 0, 900_000), (0.1, 0.5, 855_000), (0.1, 0.999, 810_090), (1, 0.5, 450_000)])
    func `is closed when its life is over, by the limit less the jitter`(
        part: Double,
        jitter: Double,
        milliseconds: Int
    ) throws {
        for (extra, action) in [(Duration.milliseconds(-1), ReturnAction.park), (.milliseconds(1), .close)] {
            let pool = PoolDriver { $0.lifetimeJitter = part }
            let connection = try #require(pool.acquire().opened)
            #expect(pool.connected(connection, jitter: jitter) == .lend)
            pool.now += .milliseconds(milliseconds) + extra
            #expect(pool.giveBack(connection) == action)
            #expect(pool.counters.expiries == (action == .close ? 1 : 0))
        }
    }

    @Test func `lives no longer when the clock is set back`() throws {
        let pool = PoolDriver()
        let connection = try pool.borrow()
        pool.now -= .seconds(36_000)
        #expect(pool.giveBack(connection) == .park)
        for _ in 0..<30 {
            pool.now += .seconds(29)
            #expect(pool.acquire() == .lend(connection, .look))
            #expect(pool.giveBack(connection) == .park)
        }
        pool.now += .seconds(31)
        #expect(pool.acquire().opened != nil)
        #expect(pool.closed == [connection])
    }
}

extension ReturnedState {
    static let all: [ReturnedState] = [.reusable, .broken]
}
