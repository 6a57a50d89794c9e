import Dispatch
import FlyingFox
import Foundation
import Vernal

struct User: Codable {
    var id: Int
    var name: String
}

struct NewUser: Codable {
    var name: String
}

/// A FlyingFox server that asks Vernal's engine.
///
///     GET  /hello   a constant
///     GET  /users   all users
///     POST /users   {"name": "Ada"} → 201 and the new user
///     GET  /slow    a statement of ten minutes, which ends with the deadline of the request
///     GET  /pool    how many connections there are
@main struct App {
    static func main() async throws {
        var routes = RoutedHTTPHandler()
        routes.appendRoute("GET /hello") { _ in HTTPResponse(statusCode: .ok, body: Data("hello\n".utf8)) }
        routes.appendRoute("GET /users") { _ in
            let users = try await getEngine().query("SELECT id, name FROM wrapped_users ORDER BY id").decode(User.self)
            return try json(users)
        }
        routes.appendRoute("POST /users") { request in
            let user = try JSONDecoder().decode(NewUser.self, from: await request.bodyData)
            let rows = try await getEngine().query(
                "INSERT INTO wrapped_users (name) VALUES (\(user.name)) RETURNING id, name"
            )
            return try json(rows.single().decode(User.self), status: .created)
        }
        routes.appendRoute("GET /slow") { _ in
            try await getEngine().execute("SELECT pg_sleep(600)")
            return HTTPResponse(statusCode: .noContent)
        }
        routes.appendRoute("GET /pool") { _ in
            HTTPResponse(statusCode: .ok, body: Data("\(getEngine().statistics.open)\n".utf8))
        }
        let port = ProcessInfo.processInfo.environment["PORT"].flatMap { UInt16($0) } ?? 8080
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: port),
            handler: DeadlineHandler(timeout: .seconds(2), handler: routes)
        )

        signal(SIGTERM, SIG_IGN)
        let (terminations, continuation) = AsyncStream.makeStream(of: Void.self)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .main)
        source.setEventHandler { continuation.yield() }
        source.activate()
        defer { source.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await _ in terminations { break }
            await server.stop(timeout: 5)
            // Vernal's own host does this by itself.
            await getEngine().dispose()
            group.cancelAll()
        }
    }

    private static func json(_ value: some Encodable, status: HTTPStatusCode = .ok) throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return HTTPResponse(
            statusCode: status,
            headers: [.contentType: "application/json"],
            body: try encoder.encode(value)
        )
    }
}

/// Gives every request a deadline, which the engine obeys: waiting for a connection and for a statement end in time.
struct DeadlineHandler<Handler: HTTPHandler>: HTTPHandler {
    let timeout: Duration
    let handler: Handler

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await withInvocation(deadline: .now + timeout) { try await handler.handleRequest(request) }
        } catch let error as VernalError where error.code == .timedOut {
            return HTTPResponse(statusCode: .gatewayTimeout)
        }
    }
}
