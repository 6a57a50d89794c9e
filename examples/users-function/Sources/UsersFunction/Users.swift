import Vernal

struct User: Codable {
    var id: Int
    var name: String
}

struct NewUser: Codable {
    var name: String
}

/// The users in the database.
enum Users {
    static func all() async throws -> [User] {
        try await withTable {
            try await getEngine().query("SELECT id, name FROM users ORDER BY id LIMIT 1000").decode(User.self)
        }
    }

    static func find(_ id: Int) async throws -> User? {
        try await withTable {
            try await getEngine().query("SELECT id, name FROM users WHERE id = \(id)").first?.decode(User.self)
        }
    }

    static func add(_ user: NewUser) async throws -> User {
        try await withTable {
            try await getEngine().query("INSERT INTO users (name) VALUES (\(user.name)) RETURNING id, name")
                .single().decode(User.self)
        }
    }

    /// Makes the table when it turns out to be missing, so that no request pays for asking whether it is there.
    private static func withTable<T>(_ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error as VernalError where error.sqlState == .undefinedTable {
            try await getEngine().withTransaction { connection in
                // Many functions may find out at the same moment, and CREATE TABLE IF NOT EXISTS does not lock.
                try await connection.execute("SELECT pg_advisory_xact_lock(8227)")
                try await connection.execute(
                    """
                    CREATE TABLE IF NOT EXISTS users (
                        id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                        name text NOT NULL,
                        team text
                    )
                    """
                )
            }
            return try await work()
        }
    }
}
