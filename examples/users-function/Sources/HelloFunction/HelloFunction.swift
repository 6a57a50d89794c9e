import Vernal
import VernalHost

struct User: Codable {
    var id: Int
    var name: String
}

@main struct HelloFunction {
    static func main() async throws {
        try await FunctionHost.serve { request, context in
            let users = try await getEngine().query("SELECT id, name FROM users WHERE team = \(request.query["team"])")
            return try .json(users.decode(User.self))
        }
    }
}
