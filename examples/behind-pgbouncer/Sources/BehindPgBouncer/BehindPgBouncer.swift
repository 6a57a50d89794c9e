import Foundation
import Vernal
import VernalHost

/// A function behind PgBouncer in transaction mode, whose tenants have a schema each.
///
///     GET /notes?tenant=red          the safe way: SET LOCAL, in a transaction
///     GET /unsafe/notes?tenant=red   SET of the session: the pin guard warns, and somebody else finds what was set
///     GET /search-path               what a client finds that has set nothing
///     GET /upstream                  what the engine knows of what is between it and the server
@main struct BehindPgBouncer {
    static func main() async throws {
        configure()
        try await FunctionHost.serve { request, context in
            do {
                switch request.pathComponents {
                case ["notes"]: return try .json(await notes(of: tenant(request)))
                case ["unsafe", "notes"]: return try .json(await unsafeNotes(of: tenant(request)))
                case ["search-path"]:
                    return try .text(await getEngine().query("SHOW search_path").value(as: String.self) + "\n")
                case ["upstream"]: return try .json(getEngine().upstream)
                default: return .text("not found\n", status: .notFound)
                }
            } catch let error as VernalError where error.sqlState == .undefinedTable {
                return .text("there is no such tenant\n", status: .notFound)
            }
        }
    }

    /// `PIN_POLICY=refuse` does not send what does not go with a pooler: for tests, and for production once they pass.
    private static func configure() {
        // A variable that cannot be read is left to `getEngine`, so that the host says at the start which one it is.
        if var configuration = try? EngineConfiguration(environmentFor: nil) {
            let word = ProcessInfo.processInfo.environment["PIN_POLICY"] ?? ""
            configuration.pinPolicy = PinPolicy(rawValue: word) ?? .warn
            try? configureEngine(configuration)
        }
        _ = getEngine()
    }

    private static func tenant(_ request: FunctionRequest) -> String {
        request.query["tenant"].flatMap { $0.isEmpty ? nil : $0 } ?? "public"
    }

    /// What is set is gone with the transaction, whichever server connection has run it.
    private static func notes(of tenant: String) async throws -> [String] {
        try await getEngine().withTransaction { connection in
            try await connection.execute("SET LOCAL search_path = \(identifier: tenant)")
            return try await connection.query("SELECT text FROM notes ORDER BY text LIMIT 1000").decode()
        }
    }

    /// **Not to be written**: the two statements may run on two server connections, and the first one keeps what was set.
    private static func unsafeNotes(of tenant: String) async throws -> [String] {
        try await getEngine().withConnection { connection in
            try await connection.execute("SET search_path = \(identifier: tenant)")
            return try await connection.query("SELECT text FROM notes ORDER BY text LIMIT 1000").decode()
        }
    }
}
