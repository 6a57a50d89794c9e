import Moments
import PoolCore
import Testing

extension PoolDriver {
    /// Opens a connection that somebody has now.
    func borrow() throws -> ConnectionID {
        let connection = try #require(acquire().opened)
        #expect(connected(connection) == .lend)
        return connection
    }

    /// Leaves that many idle connections, the one that came back first at the beginning.
    func fill(_ count: Int, apart: Duration = .zero) throws -> [ConnectionID] {
        let connections = try (0..<count).map { _ in try borrow() }
        for connection in connections {
            #expect(giveBack(connection) == .park)
            if connection != connections.last { now += apart }
        }
        return connections
    }

    /// Puts somebody into the queue.
    func queueUp() throws -> WaiterID {
        try #require(acquire().waiter)
    }

    /// Everybody whom there is a place for.
    func wakeAll() -> [Woken] {
        var woken: [Woken] = []
        while let next = wake() { woken.append(next) }
        return woken
    }
}
