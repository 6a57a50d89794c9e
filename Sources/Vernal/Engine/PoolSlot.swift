internal import LibpqIO
internal import Synchronization

/// The place where a connection lies while nobody uses it.
///
/// Arrays cannot hold values that have one owner, so each place is an object. What lies here and what the pool's state
/// says of the slot change together, under the pool's lock.
final class PoolSlot: Sendable {
    private enum Content: ~Copyable, Sendable {
        case empty
        case connection(PostgresConnection)
        /// A connect that its task had to leave.
        case attempt(ConnectAttempt)
    }

    private let content = Mutex(Content.empty)

    func park(_ connection: consuming PostgresConnection) {
        var connection = Optional(connection)
        content.withLock { content in
            if let connection = connection.take() { content = .connection(connection) }
        }
    }

    func park(_ attempt: consuming ConnectAttempt) {
        var attempt = Optional(attempt)
        content.withLock { content in
            if let attempt = attempt.take() { content = .attempt(attempt) }
        }
    }

    /// Takes the connection out; `nil` when there is none, or it is not as wanted.
    func takeConnection(if isWanted: (borrowing PostgresConnection) -> Bool = { _ in true }) -> PostgresConnection? {
        content.withLock { content in
            switch content {
            case .connection(let connection):
                guard isWanted(connection) else { return nil }
            case .attempt: return nil
            case .empty: return nil
            }
            var taken = Content.empty
            swap(&content, &taken)
            switch consume taken {
            case .connection(let connection): return connection
            case .attempt: return nil
            case .empty: return nil
            }
        }
    }

    /// Whether there is a connection, and it is as wanted.
    func holdsConnection(_ isWanted: (borrowing PostgresConnection) -> Bool) -> Bool {
        content.withLock { content in
            switch content {
            case .connection(let connection): isWanted(connection)
            case .attempt: false
            case .empty: false
            }
        }
    }

    /// Takes the attempt out; `nil` when there is none.
    func takeAttempt() -> ConnectAttempt? {
        content.withLock { content in
            var taken = Content.empty
            swap(&content, &taken)
            switch consume taken {
            case .attempt(let attempt): return attempt
            case .connection: return nil
            case .empty: return nil
            }
        }
    }

    /// Closes whatever lies here.
    func clear() {
        // Taken out under the lock, closed outside of it: closing talks to the server.
        let connection = takeEverything()
        _ = consume connection
    }

    private func takeEverything() -> Content {
        content.withLock { content in
            var taken = Content.empty
            swap(&content, &taken)
            return taken
        }
    }
}
