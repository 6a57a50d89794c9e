import Vernal
import VernalHost

/// A function that keeps users in PostgreSQL.
///
///     GET  /users          all users
///     GET  /users/{id}     one user
///     POST /users          {"name": "Ada"} → 201 and the new user
///     GET  /slow?ms=N      waits in the database
///     GET  /session        which connection serves this request
///     GET  /pool           the pool's statistics
///     GET  /healthz        whether the process is alive; asks nothing of the database
///     GET  /metrics        the same statistics for Prometheus
@main struct UsersFunction {
    static func main() async throws {
        // Opens nothing; but as the engine exists, a wrong setting stops the start and not the first request.
        _ = getEngine()
        try await FunctionHost.serve { request, context in
            try await respond(to: request)
        }
    }

    static func respond(to request: FunctionRequest) async throws -> FunctionResponse {
        let path = request.pathComponents
        switch (request.method, path.first, path.count) {
        case (.get, "users", 1), (.head, "users", 1):
            return try .json(await Users.all())
        case (.get, "users", 2):
            guard let id = Int(path[1]), let user = try await Users.find(id) else { return .notFound }
            return try .json(user)
        case (.post, "users", 1):
            let user = try await Users.add(request.decode(NewUser.self))
            return try .json(user, status: .created)
        case (.get, "slow", 1):
            return try await slow(request)
        case (.get, "session", 1):
            return try .json(await Session.current())
        case (.get, "pool", 1):
            return try .json(getEngine().statistics)
        case (.get, "healthz", 1):
            return .text("ok\n")
        case (.get, "metrics", 1):
            return .text(getEngine().statistics.prometheusText())
        default:
            return .notFound
        }
    }

    private static func slow(_ request: FunctionRequest) async throws -> FunctionResponse {
        guard let text = request.query["ms"], let milliseconds = Int(text), (0...60_000).contains(milliseconds) else {
            return .text("write ?ms=N with N from 0 to 60000\n", status: .badRequest)
        }
        try await getEngine().execute("SELECT pg_sleep(\(Double(milliseconds) / 1000))")
        return try .json(["ms": milliseconds])
    }
}

/// Which connection serves a request.
struct Session: Codable {
    var backendPID: Int
    var epoch: Int
    var inTransaction: Bool

    static func current() async throws -> Session {
        try await getEngine().withConnection { connection in
            let pid = try await connection.query("SELECT pg_backend_pid()").value(as: Int.self)
            return Session(backendPID: pid, epoch: connection.epoch, inTransaction: connection.isInTransaction)
        }
    }
}

extension FunctionResponse {
    static let notFound = FunctionResponse.text("not found\n", status: .notFound)
}
