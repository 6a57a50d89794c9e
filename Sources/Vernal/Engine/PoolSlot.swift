internal import LibpqIO
internal import Synchronization

/// A connection as it goes from hand to hand in the pool.
typealias BoxedConnection = UniqueBox<PostgresConnection>

/// The place where a connection lies while nobody uses it.
///
/// Arrays cannot hold values that have one owner, so each place is an object. What lies here and what the pool's state
/// says of the slot change together, under the pool's lock.
final class PoolSlot: Sendable {
    private let connection = Mutex<BoxedConnection?>(nil)
    /// A connect that its task had to leave; then there is no connection.
    private let attempt = Mutex<ConnectAttempt?>(nil)

    func park(_ connection: inout BoxedConnection?) {
        self.connection.withLock { place in place = connection.take() }
    }

    func park(_ attempt: consuming ConnectAttempt) {
        self.attempt.withLock(giving: attempt) { place, attempt in place = consume attempt }
    }

    /// Takes the connection out; `nil` when there is none, or it is not as wanted.
    func take(
        if isWanted: (borrowing PostgresConnection) -> Bool = { _ in true }
    ) -> BoxedConnection? {
        connection.withLock { place in
            switch place {
            case .some(let connection): guard isWanted(connection.value) else { return nil }
            case nil: return nil
            }
            return place.take()
        }
    }

    /// Whether there is a connection, and it is as wanted.
    func holdsConnection(_ isWanted: (borrowing PostgresConnection) -> Bool) -> Bool {
        connection.withLock { place in
            switch place {
            case .some(let connection): isWanted(connection.value)
            case nil: false
            }
        }
    }

    /// Takes the attempt out; `nil` when there is none.
    func takeAttempt() -> ConnectAttempt? { attempt.withLock { $0.take() } }

    /// Closes whatever lies here.
    func clear() {
        // Taken out under the locks, closed outside of them: closing talks to the server.
        _ = take()
        _ = takeAttempt()
    }
}
