import Vernal
import VernalHost

struct Greeting: Codable {
    var text: String
    var database: String
}

/// The smallest function with a database: it answers what a query says.
///
///     GET /?name=Ada      {"database":"mine","text":"Hello, Ada!"}
@main struct Hello {
    static func main() async throws {
        // Opens nothing; but a wrong DATABASE_URL now stops the start instead of the first request.
        _ = getEngine()
        try await FunctionHost.serve { request, context in
            let name = request.query["name"] ?? "world"
            let rows = try await getEngine().query(
                "SELECT format('Hello, %s!', \(name)::text) AS text, current_database() AS database"
            )
            return try .json(rows.single().decode(Greeting.self))
        }
    }
}
