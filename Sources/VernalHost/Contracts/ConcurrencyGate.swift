import Synchronization

/// Lets so many through at the same time and no more.
final class ConcurrencyGate: Sendable {
    private let limit: Int?
    private let inside = Mutex(0)

    init(limit: Int?) {
        self.limit = limit
    }

    /// Whether there is room; who is let in has to leave.
    func enter() -> Bool {
        inside.withLock { inside in
            if let limit, inside >= limit { return false }
            inside += 1
            return true
        }
    }

    func leave() {
        inside.withLock { $0 -= 1 }
    }
}
