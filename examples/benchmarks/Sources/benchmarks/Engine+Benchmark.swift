internal import Vernal

extension Engine {
    /// An engine with one connection, which is open.
    ///
    /// It prepares statements that come again, as is the default, unless `prepares` says otherwise.
    static func connected(_ server: Server, prepares: Bool = true) async throws -> Engine {
        var configuration = try EngineConfiguration(url: server.url)
        if !prepares { configuration.statementCacheSize = 0 }
        let engine = Engine(configuration: configuration)
        _ = try await engine.backend()
        return engine
    }

    /// The number of the server's process; a pooler has made up the one that libpq knows, so the server is asked.
    func backend() async throws -> Int32 {
        try await query("SELECT pg_backend_pid()").value(as: Int32.self)
    }

    /// What a warm invocation does: lease a connection, run `SELECT $1::int4`, read the value, return the connection.
    func warmQuery(_ number: Int32) async throws {
        let answer = try await withConnection { connection in
            try await connection.query("SELECT \(number)::int4").value(as: Int32.self)
        }
        guard answer == number else { throw BenchmarkError("the engine got a wrong answer") }
    }
}
