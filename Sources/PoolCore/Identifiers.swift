/// The name of one connection of one pool, from the permit to open it until it is closed.
///
/// The slot is reused by later connections, the serial number never is, so a late word about a connection that is
/// gone cannot be mistaken for one about its successor.
package struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    /// The place in the pool's table.
    package let slot: Int
    /// Counts the connections of that place.
    package let serial: UInt32

    package var description: String { "connection \(slot).\(serial)" }

    /// The name of a connection that belongs to no pool.
    package static let alone = ConnectionID(slot: 0, serial: 0)
}

/// The name of one acquire that waits in the queue.
package struct WaiterID: Hashable, Sendable, CustomStringConvertible {
    /// The place in the queue's table; waiters that wait at the same time have different ones, and small ones.
    package let node: Int
    let serial: UInt32

    package var description: String { "waiter \(node).\(serial)" }
}
