import Moments
import PoolCore
import Testing

/// Many clients come in the same moment to a pool that is empty.
@Suite struct `A burst of clients` {
    /// Lets all clients come at once and plays them to their end.
    ///
    /// - Returns: how many connections were opened, and when the last client was done.
    private func play(
        clients: Int,
        work: Duration,
        connect: Duration,
        _ configure: (inout PoolLimits) -> Void
    ) -> (opened: Int, makespan: Duration, most: Int) {
        let pool = PoolDriver(configure)
        var (connecting, working) = ([(ConnectionID, Instant)](), [(ConnectionID, Instant)]())
        var asking: [(WaiterID, Instant)] = []
        var (most, lastWork) = (0, PoolDriver.start)
        func take(_ told: Told, for waiter: WaiterID?) {
            switch told {
            case .open(let connection), .resume(let connection): connecting.append((connection, pool.now + connect))
            case .lend(let connection, _): working.append((connection, pool.now + work))
            case .wait(let waiter, let time?): asking.append((waiter, time))
            case .askAgain(let time): if let waiter { asking.append((waiter, time)) }
            case .wait, .reject: break
            }
            most = max(most, connecting.count)
        }
        for _ in 0..<clients { take(pool.acquire(), for: nil) }
        while let next = (connecting.map(\.1) + working.map(\.1) + asking.map(\.1)).min() {
            pool.now = next
            if let index = working.firstIndex(where: { $0.1 == next }) {
                let connection = working.remove(at: index).0
                lastWork = next
                if case .hand = pool.giveBack(connection) { working.append((connection, pool.now + work)) }
            } else if let index = connecting.firstIndex(where: { $0.1 == next }) {
                let connection = connecting.remove(at: index).0
                if pool.connected(connection) == .lend { working.append((connection, pool.now + work)) }
            } else if let index = asking.firstIndex(where: { $0.1 == next }) {
                let waiter = asking.remove(at: index).0
                if let told = pool.ask(waiter) { take(told, for: waiter) }
            }
            for woken in pool.wakeAll() { take(woken.told, for: woken.waiter) }
        }
        #expect(pool.counts.connecting == 0 && pool.counts.leased == 0 && pool.snapshot.waiting == 0)
        return (pool.counters.connects, lastWork - PoolDriver.start, most)
    }

    @Test func `is served by few connections when the work is short and a connect is long`() {
        let result = play(clients: 50, work: .milliseconds(2), connect: .milliseconds(150)) {
            $0.size = 20
            $0.maxWaiters = 100
            $0.connectBurst = 20
            $0.connectConcurrency = 2
        }
        #expect(result.opened < 5)
        #expect(result.makespan < .milliseconds(310))
    }

    @Test func `is served by the returned connection while tokens are short`() {
        let result = play(clients: 50, work: .milliseconds(2), connect: .milliseconds(150)) {
            $0.size = 20
            $0.maxWaiters = 100
            $0.connectBurst = 1
        }
        #expect(result.opened < 5)
    }

    @Test(arguments: 1...30)
    func `is served as a whole, within what one connection would need`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let (clients, concurrency) = (random.number(1...80), random.number(1...4))
        let (work, connect) = (random.milliseconds(1...40), random.milliseconds(1...200))
        let (size, burst) = (random.number(1...10), random.number(1...10))
        let result = play(clients: clients, work: work, connect: connect) {
            $0.size = size
            $0.maxWaiters = 100
            $0.connectBurst = burst
            $0.connectConcurrency = concurrency
        }
        #expect(result.makespan <= connect * 2 + work * clients, "seed \(seed)")
        #expect(result.opened <= size && result.most <= concurrency, "seed \(seed)")
    }
}
