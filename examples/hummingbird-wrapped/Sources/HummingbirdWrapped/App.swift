import Hummingbird
import ServiceLifecycle
import Vernal

struct User: Codable, ResponseEncodable {
    var id: Int
    var name: String
}

struct NewUser: Codable {
    var name: String
}

/// A Hummingbird application that asks Vernal's engine.
///
///     GET  /hello   a constant
///     GET  /users   all users
///     POST /users   {"name": "Ada"} → 201 and the new user
///     GET  /slow    a statement of ten minutes, which ends with the deadline of the request
///     GET  /pool    how many connections there are
@main struct App {
    static func main() async throws {
        let router = Router()
        router.add(middleware: DeadlineMiddleware(timeout: .seconds(2)))
        router.get("/hello") { _, _ in "hello\n" }
        router.get("/users") { _, _ in
            try await getEngine().query("SELECT id, name FROM wrapped_users ORDER BY id").decode(User.self)
        }
        router.post("/users") { request, context in
            let user = try await request.decode(as: NewUser.self, context: context)
            let rows = try await getEngine().query(
                "INSERT INTO wrapped_users (name) VALUES (\(user.name)) RETURNING id, name"
            )
            return try EditedResponse(status: .created, response: rows.single().decode(User.self))
        }
        router.get("/slow") { _, _ in
            try await getEngine().execute("SELECT pg_sleep(600)")
            return HTTPResponse.Status.noContent
        }
        router.get("/pool") { _, _ in "\(getEngine().statistics.open)\n" }

        var application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: Environment().get("PORT", as: Int.self) ?? 8080))
        )
        application.addServices(EngineService())
        try await application.runService()
    }
}

/// Gives every request a deadline, which the engine obeys: waiting for a connection and for a statement end in time.
struct DeadlineMiddleware<Context: RequestContext>: RouterMiddleware {
    let timeout: Duration

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await withInvocation(deadline: .now + timeout) { try await next(request, context) }
        } catch let error as VernalError where error.code == .timedOut {
            throw HTTPError(.gatewayTimeout)
        }
    }
}

/// Closes the engine's connections when the application ends; Vernal's own host does that by itself.
struct EngineService: Service {
    func run() async throws {
        try? await gracefulShutdown()
        await getEngine().dispose()
    }
}
