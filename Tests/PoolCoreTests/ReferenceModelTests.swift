import Moments
import PoolCore
import Testing

/// The model is worth as much as it refuses: each test shows it an answer that is wrong in one way.
@Suite struct `The reference model refuses` {
    private let now = PoolDriver.start
    private var deadline: Instant { now + .seconds(5) }

    /// A model that has seen one connection opened, and the driver that made it.
    private func model(
        _ configure: (inout PoolLimits) -> Void = { _ in }
    ) throws -> (model: ReferenceModel, pool: PoolDriver, connection: ConnectionID) {
        let pool = PoolDriver(configure)
        var model = ReferenceModel(pool.state.limits, start: now)
        let told = pool.acquire()
        let connection = try #require(told.opened)
        try model.acquired(told, closed: [], now: now, deadline: deadline)
        return (model, pool, connection)
    }

    @Test func `a connection beyond the limit`() throws {
        var (model, _, _) = try model()
        let other = try #require(try PoolDriver { $0.size = 2 }.fill(2).last)
        #expect(throws: Violation.self) {
            try model.acquired(.open(other), closed: [], now: now, deadline: deadline)
        }
    }

    @Test func `a connection without a token`() throws {
        var (model, _, _) = try model {
            $0.size = 2
            $0.connectBurst = 1
        }
        let other = try #require(try PoolDriver { $0.size = 2 }.fill(2).last)
        #expect(throws: Violation.self) {
            try model.acquired(.open(other), closed: [], now: now, deadline: deadline)
        }
    }

    @Test func `lending what somebody has`() throws {
        var (model, pool, connection) = try model()
        let action = try #require(pool.connected(connection))
        try model.connected(connection, jitter: 0, action, now: now)
        #expect(throws: Violation.self) {
            try model.acquired(.lend(connection, .none), closed: [], now: now, deadline: deadline)
        }
    }

    @Test func `serving somebody out of turn`() throws {
        var (model, pool, connection) = try model()
        let action = try #require(pool.connected(connection))
        try model.connected(connection, jitter: 0, action, now: now)
        for _ in 0..<2 { try model.acquired(pool.acquire(), closed: [], now: now, deadline: deadline) }
        #expect(throws: Violation.self) {
            try model.returned(connection, .reusable, .hand(to: model.queue[1]), now: now)
        }
        #expect(throws: Violation.self) { try model.returned(connection, .reusable, .park, now: now) }
    }

    @Test func `that somebody waits beside a free place`() throws {
        var (model, pool, connection) = try model()
        try model.acquired(pool.acquire(), closed: [], now: now, deadline: deadline)
        try model.nobodyWoken(now: now)
        try model.failed(connection, isDefinite: false, rejected: try #require(pool.failed(connection)), now: now)
        #expect(throws: Violation.self) { try model.nobodyWoken(now: now) }
    }

    @Test func `a second end of the same connect`() throws {
        var (model, pool, connection) = try model()
        try model.failed(connection, isDefinite: false, rejected: try #require(pool.failed(connection)), now: now)
        #expect(pool.failed(connection) == nil)
        #expect(throws: Violation.self) { try model.failed(connection, isDefinite: false, rejected: [], now: now) }
        #expect(throws: Violation.self) { try model.interrupted(connection, .keep) }
    }

    @Test func `counts that lie`() throws {
        var (model, pool, _) = try model()
        try model.agrees(with: pool.snapshot)
        #expect(throws: Violation.self) { try model.agrees(with: PoolState(pool.state.limits).snapshot) }
    }

    @Test func `lending after the end`() throws {
        var (model, pool, connection) = try model()
        try model.failed(connection, isDefinite: false, rejected: try #require(pool.failed(connection)), now: now)
        try model.shutDown(pool.shutDown())
        #expect(throws: Violation.self) {
            try model.acquired(.open(connection), closed: [], now: now, deadline: deadline)
        }
    }

    @Test func `lending or opening in a pause`() throws {
        var (model, pool, connection) = try model()
        let action = try #require(pool.connected(connection))
        try model.connected(connection, jitter: 0, action, now: now)
        try model.returned(connection, .reusable, pool.giveBack(connection), now: now)
        model.paused(now: now, until: deadline)
        #expect(throws: Violation.self) {
            try model.acquired(.lend(connection, .none), closed: [], now: now, deadline: deadline)
        }
        #expect(throws: Violation.self) { try model.tried(.lend(connection, .none), closed: [], now: now) }
    }

    @Test func `keeping what was called stale`() throws {
        var (model, pool, connection) = try model()
        let action = try #require(pool.connected(connection))
        try model.connected(connection, jitter: 0, action, now: now)
        try model.invalidated([])
        #expect(throws: Violation.self) { try model.returned(connection, .reusable, .park, now: now) }
    }

    @Test func `opening while the breaker is open`() throws {
        var (model, pool, connection) = try model { $0.breakerThreshold = 1 }
        try model.failed(connection, isDefinite: false, rejected: try #require(pool.failed(connection)), now: now)
        let other = try #require(try PoolDriver { $0.size = 2 }.fill(2).last)
        #expect(throws: Violation.self) {
            try model.acquired(.open(other), closed: [], now: now, deadline: deadline)
        }
    }
}
