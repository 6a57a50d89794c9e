import Moments
import PoolCore
import Testing

@Suite struct `The life of a connection` {
    private static let year: Duration = .seconds(365 * 86_400)

    @Test func `has no end in sight when it has no limit to speak of`() throws {
        let pool = PoolDriver { $0.maxLifetime = Self.year * 100 }
        let connection = try #require(try pool.fill(1).first)
        for _ in 0..<10_000 {
            // Ten thousand days, more than 27 years, in use all day long.
            #expect(pool.acquire() == .lend(connection, .none))
            pool.now += .seconds(86_400)
            #expect(pool.giveBack(connection) == .park)
        }
        #expect(pool.counters.expiries == 0)
    }

    @Test func `is spread over the whole of its jitter, and never longer than the limit`() throws {
        var random = Randomness(seed: 106)
        var lives: [Duration] = []
        for _ in 0..<500 {
            let pool = PoolDriver {
                $0.maxLifetime = .seconds(1000)
                $0.idleTimeout = Self.year
                $0.hardIdleLimit = Self.year
                $0.lifetimeJitter = 0.1
            }
            let connection = try #require(pool.acquire().opened)
            #expect(pool.connected(connection, jitter: Double(random.number(0...999)) / 1000) == .lend)
            let start = pool.now
            // A second at a time, near where it ends.
            pool.now += .seconds(890)
            while pool.now - start < .seconds(1100) {
                guard pool.giveBack(connection) == .park, pool.acquire() == .lend(connection, .none) else { break }
                pool.now += .seconds(1)
            }
            lives.append(pool.now - start)
        }
        let (shortest, longest) = (try #require(lives.min()), try #require(lives.max()))
        #expect(shortest >= .seconds(900))
        #expect(longest <= .seconds(1001))
        #expect(shortest < .seconds(905))
        #expect(longest > .seconds(995))
        #expect(Set(lives).count > 60)
    }
}
