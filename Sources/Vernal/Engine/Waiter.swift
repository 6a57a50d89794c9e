internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

/// The place where an acquire waits and finds what it is handed.
final class Waiter: Sendable {
    private struct Content: ~Copyable, Sendable {
        var handover: Handover?
        var parking: Parking?
    }

    private let content = Mutex(Content())

    /// Puts something down for the waiter.
    ///
    /// - Returns: where it sleeps; it is to be woken when the pool's lock is released.
    func put(_ handover: consuming Handover) -> Parking? {
        var handover = Optional(handover)
        return content.withLock { content in
            content.handover = handover.take()
            return content.parking
        }
    }

    /// Sleeps until something is put down, the deadline passes or the task is cancelled.
    func sleep(until deadline: Moment) async -> WakeReason {
        let parking = Parking()
        let isHere = content.withLock { content in
            content.parking = parking
            return content.handover != nil
        }
        return isHere ? .ready : await SocketWaiter.shared.sleep(at: parking, until: deadline)
    }

    /// Takes what was put down.
    func take() -> Handover? {
        content.withLock { $0.handover.take() }
    }
}

/// The waiters of a pool by their names.
struct WaiterTable: Sendable {
    /// By their places in the queue's table: a waiter is looked up for each hand-over, and hashing its name takes longer.
    private var places: [(id: WaiterID, waiter: Waiter)?] = []

    subscript(id: WaiterID) -> Waiter? {
        get {
            guard places.indices.contains(id.node), let place = places[id.node], place.id == id else { return nil }
            return place.waiter
        }
        set {
            while places.count <= id.node { places.append(nil) }
            if let newValue {
                places[id.node] = (id, newValue)
            } else if places[id.node]?.id == id {
                // The place may be another's by now.
                places[id.node] = nil
            }
        }
    }
}
