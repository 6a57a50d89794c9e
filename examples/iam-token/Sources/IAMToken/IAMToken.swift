import DatabaseToken
import Foundation
import Vernal
import VernalHost

/// A function without a password: it logs in with tokens that its role may sign.
///
///     GET /whoami   the role of the database, and which session serves it
///     GET /pool     the pool's statistics
@main struct IAMToken {
    static func main() async throws {
        do {
            try configure(ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("iam-token: \(error)\n".utf8))
            exit(EXIT_FAILURE)
        }
        try await FunctionHost.serve { request, _ in
            switch request.pathComponents {
            case ["whoami"]:
                let row = try await getEngine().query("SELECT current_user AS role, pg_backend_pid() AS session")
                    .single()
                return try .json(row.decode(Session.self))
            case ["pool"]: return try .json(getEngine().statistics)
            default: return .text("not found\n", status: .notFound)
            }
        }
    }

    struct Session: Codable {
        var role: String
        var session: Int
    }

    /// Nothing is signed and nobody is asked here: the hook runs when a connection is made.
    static func configure(_ environment: [String: String]) throws {
        let configuration = try EngineConfiguration(environmentFor: nil)
        try checkEncryption(configuration, environment)
        guard let region = environment["AWS_REGION"], !region.isEmpty else { throw MissingSetting(name: "AWS_REGION") }
        let token = DatabaseToken(try AWSCredentials(environment: environment), region: region)
        let now = clock(environment)
        // For 10 of the 15 minutes: never one that expires on the way, and no more work than that.
        let cached = environment["TOKEN_CACHE_SECONDS"].flatMap { Int($0) } ?? 600
        let tokens = CachedCredentials(for: .seconds(cached)) { request in
            guard let host = request.host, let user = request.user else { throw MissingSetting(name: "host and user") }
            let port = request.port.flatMap { Int($0) } ?? 5432
            return Credentials(password: token.sign(host: host, port: port, user: user, at: now()))
        }
        var hooks = EngineHooks()
        hooks.credentials = tokens.credentials
        try configureEngine(configuration, hooks: hooks)
    }

    /// RDS asks for the token in the clear: whoever reads along has it for a quarter of an hour.
    private static func checkEncryption(_ configuration: EngineConfiguration, _ environment: [String: String]) throws {
        let mode = configuration[connectionParameter: "sslmode"] ?? environment["PGSSLMODE"] ?? "prefer"
        let host = configuration[connectionParameter: "host"] ?? environment["PGHOST"] ?? ""
        // Where there is an address, it is what one connects to, whatever the name.
        let address = configuration[connectionParameter: "hostaddr"] ?? environment["PGHOSTADDR"] ?? ""
        let isLocal = ["127.0.0.1", "localhost"].contains(host) && ["", "127.0.0.1"].contains(address)
        guard isLocal || ["require", "verify-ca", "verify-full"].contains(mode) else {
            throw MissingSetting(name: "sslmode=verify-full (it is \(mode))")
        }
    }

    /// The time, which `test.sh` can set: tokens are about a quarter of an hour.
    private static func clock(_ environment: [String: String]) -> @Sendable () -> Date {
        guard let path = environment["TOKEN_CLOCK"] else { return { Date() } }
        return {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return Date(timeIntervalSince1970: Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0)
        }
    }
}

struct MissingSetting: Error, CustomStringConvertible {
    let name: String

    var description: String { "\(name) has to be set: see README.md" }
}
