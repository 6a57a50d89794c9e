import Vernal

struct NewMessage: Decodable {
    var text: String
}

struct Message: Decodable {
    var id: Int
    var text: String
}

/// The messages in the database.
enum Messages {
    static let channel = "messages"

    /// The notification is part of the transaction: it is sent if and when the message is there.
    static func add(_ message: NewMessage) async throws {
        try await withTable {
            try await getEngine().withTransaction { connection in
                // The numbers have to be committed in their order, or a reader that has seen 8 would never look for 7. This costs
                // next to nothing: PostgreSQL lets those who notify commit one after the other, anyway.
                try await connection.execute("SELECT pg_advisory_xact_lock(\(lock))")
                let id = try await connection.query("INSERT INTO messages (text) VALUES (\(message.text)) RETURNING id")
                    .value(as: Int.self)
                // No content: a payload has 8000 bytes at the most, and whoever listens reads the table. The number tells those who
                // have read so far already that there is nothing new.
                try await connection.execute("SELECT pg_notify(\(channel), \(String(id)))")
            }
        }
    }

    /// How many are read at a time.
    static let batchSize = 500

    /// The next messages after a number, on a connection that is lent already.
    static func after(_ id: Int, _ connection: inout PostgresConnection) async throws -> [Message] {
        try await connection.query("SELECT id, text FROM messages WHERE id > \(id) ORDER BY id LIMIT \(batchSize)")
            .decode(Message.self)
    }

    /// The number of the last message; 0 when there is none.
    static func last() async throws -> Int {
        try await withTable {
            try await getEngine().query("SELECT coalesce(max(id), 0) FROM messages").value(as: Int.self)
        }
    }

    private static let lock = 8228

    /// Makes the table when it turns out to be missing.
    private static func withTable<T>(_ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error as VernalError where error.sqlState == .undefinedTable {
            try await getEngine().withTransaction { connection in
                try await connection.execute("SELECT pg_advisory_xact_lock(\(lock))")
                try await connection.execute(
                    """
                    CREATE TABLE IF NOT EXISTS messages (
                        id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                        text text NOT NULL
                    )
                    """
                )
            }
            return try await work()
        }
    }
}
