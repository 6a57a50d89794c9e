internal import LibpqIO
internal import Synchronization

/// The place where a connection lies while nobody uses it.
///
/// Arrays cannot hold values that have one owner, so each place is an object. What lies here and what the pool's state
/// says of the slot change together, under the pool's lock.
final class PoolSlot: Sendable {
    private let connection = Mutex<PostgresConnection?>(nil)
    /// A connect that its task had to leave; then there is no connection.
    private let attempt = Mutex<ConnectAttempt?>(nil)

    // Taken from where it is and put where it is to be: each hand on the way would copy it.

    func park(_ connection: inout PostgresConnection?) {
        self.connection.withLock { place in place = connection.take() }
    }

    func park(_ attempt: consuming ConnectAttempt) {
        self.attempt.withLock(giving: attempt) { place, attempt in place = consume attempt }
    }

    /// Takes the connection out, if there is one and it is as wanted.
    func take(
        into taken: inout PostgresConnection?,
        if isWanted: (borrowing PostgresConnection) -> Bool = { _ in true }
    ) {
        connection.withLock { place in
            switch place {
            case .some(let connection): guard isWanted(connection) else { return }
            case nil: return
            }
            swap(&place, &taken)
        }
    }

    /// Whether there is a connection, and it is as wanted.
    func holdsConnection(_ isWanted: (borrowing PostgresConnection) -> Bool) -> Bool {
        connection.withLock { place in
            switch place {
            case .some(let connection): isWanted(connection)
            case nil: false
            }
        }
    }

    /// Takes the attempt out; `nil` when there is none.
    func takeAttempt() -> ConnectAttempt? { attempt.withLock { $0.take() } }

    /// Closes whatever lies here.
    func clear() {
        // Taken out under the locks, closed outside of them: closing talks to the server.
        var connection: PostgresConnection?
        take(into: &connection)
        _ = takeAttempt()
    }
}
