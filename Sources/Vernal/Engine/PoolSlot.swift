internal import LibpqIO

/// A connection as it goes from hand to hand in the pool.
typealias BoxedConnection = UniqueBox<PostgresConnection>

/// The place where a connection lies while nobody uses it.
///
/// What lies here and what the pool's state says of the slot change together, under the pool's lock.
enum PoolSlot: ~Copyable, Sendable {
    case empty
    case connection(BoxedConnection)
    /// A connect that its task had to leave.
    case attempt(UniqueBox<ConnectAttempt>)

    /// Takes a connection in.
    mutating func park(_ connection: inout BoxedConnection?) {
        if let connection = connection.take() { self = .connection(connection) }
    }

    /// Takes the connection out; `nil` when there is none, or it is not as wanted.
    mutating func takeConnection(
        if isWanted: (borrowing PostgresConnection) -> Bool = { _ in true }
    ) -> BoxedConnection? {
        switch consume self {
        case .connection(let connection) where isWanted(connection.value):
            self = .empty
            return connection
        case let other:
            self = other
            return nil
        }
    }

    /// Whether there is a connection, and it is as wanted.
    func holdsConnection(_ isWanted: (borrowing PostgresConnection) -> Bool) -> Bool {
        switch self {
        case .connection(let connection): isWanted(connection.value)
        case .attempt: false
        case .empty: false
        }
    }

    /// Takes the attempt out; `nil` when there is none.
    mutating func takeAttempt() -> ConnectAttempt? {
        switch consume self {
        case .attempt(let attempt):
            self = .empty
            return attempt.take()
        case let other:
            self = other
            return nil
        }
    }

    /// Takes out whatever lies here.
    mutating func take() -> PoolSlot {
        let content = consume self
        self = .empty
        return content
    }
}
