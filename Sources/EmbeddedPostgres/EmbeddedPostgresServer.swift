import Foundation

/// A throw-away PostgreSQL server of one's own, below one temporary folder.
///
/// It lives until ``remove()``, until the last reference is gone or until our process ends, whatever ends it: nothing
/// of it remains then, no process, no folder, no shared memory. Everything here may be called from anywhere; commands
/// to the same server wait for each other.
package final class EmbeddedPostgresServer: Sendable {
    /// How a running server is stopped.
    package enum StopMode: String, Sendable {
        /// Disconnects the clients and writes everything down (the server's SIGINT).
        case fast
        /// Like a crash: the next start recovers (the server's SIGQUIT).
        case immediate
        /// Kills the server and its backends (SIGKILL), as an out-of-memory killer would.
        case kill
    }

    /// The only TCP address the server listens on.
    package let host = "127.0.0.1"
    /// The TCP port; it stays the same over a restart.
    package let port: Int
    /// The superuser.
    package let user = "vernal"
    /// The superuser's password: 32 random letters and digits.
    package let password: String
    /// A database with nothing in it.
    package let database = "vernal"
    /// The folder of the server programs, usually with `psql`.
    package let binDirectory: String
    /// The folder that holds everything of this server, readable by its owner only.
    package let directory: String
    /// The certificate to trust for `sslmode=verify-full`; `nil` without TLS.
    package let caCertificatePath: String?

    /// The server's data folder (`PGDATA`).
    package var dataDirectory: String { "\(directory)/data" }
    /// The folder of the unix socket, for libpq's `host`.
    package var socketDirectory: String { "\(directory)/socket" }
    /// The file the server logs to.
    package var logFile: String { "\(directory)/log" }

    private let channel: SupervisorChannel
    private static let lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    /// The connection URL over TCP, with the password; with TLS it demands a verified certificate.
    package var url: String {
        guard let caCertificatePath else { return "postgresql://\(login)@\(host):\(port)/\(database)" }
        // Clients before libpq 15 do not compare an address with the addresses in a certificate.
        return "postgresql://\(login)@localhost:\(port)/\(database)"
            + "?sslmode=verify-full&sslrootcert=\(Self.percentEncoded(caCertificatePath))"
    }

    /// The connection URL over the unix socket, with the password.
    package var socketURL: String {
        "postgresql://\(login)@\(Self.percentEncoded(socketDirectory)):\(port)/\(database)"
    }

    private var login: String { "\(user):\(Self.percentEncoded(password))" }

    private init(
        reply: [Substring],
        password: String,
        installation: PostgresInstallation,
        tls: Bool,
        channel: SupervisorChannel
    ) throws {
        guard reply.count == 3, let port = Int(reply[1]) else {
            throw EmbeddedPostgresError(.startFailed, "The supervisor of the server gave no proper reply")
        }
        self.port = port
        self.password = password
        self.binDirectory = installation.binDirectory
        self.directory = String(reply[2])
        self.caCertificatePath = tls ? "\(reply[2])/tls/ca.crt" : nil
        self.channel = channel
    }

    /// Makes a cluster and starts it; takes about a second, nearly all of it for `initdb`.
    ///
    /// A copy of a cluster kept in a cache was measured and is not faster: the time goes into writing the files.
    ///
    /// - Throws: ``EmbeddedPostgresError``, with the end of the server's log when it did not start.
    package static func start(
        _ options: EmbeddedPostgresOptions = EmbeddedPostgresOptions()
    ) async throws -> EmbeddedPostgresServer {
        let configuration = try ServerConfiguration(options)
        let installation = try await PostgresInstallation.find()
        var generator = SystemRandomNumberGenerator()
        // Below the range that systems take the ports of outgoing connections from.
        let ports = (0..<32).map { _ in String(Int.random(in: 20_000..<32_000, using: &generator)) }
        // Nothing else is inherited: a PGDATA or PGPORT of the caller must not reach the server.
        var environment = ProcessInfo.processInfo.environment
            .filter { ["PATH", "TMPDIR", "LD_LIBRARY_PATH"].contains($0.key) }
        // Messages in English and times in UTC, on every machine.
        environment["LC_ALL"] = "C"
        environment["TZ"] = "UTC"
        environment["VERNAL_SUPERVISOR"] = SupervisorScript.supervisor
        environment["VERNAL_BIN"] = installation.binDirectory
        environment["VERNAL_CONF"] = configuration.settings
        environment["VERNAL_HBA"] = configuration.accessRules
        environment["VERNAL_PORTS"] = ports.joined(separator: " ")
        environment["VERNAL_TLS"] = options.tls ? "1" : ""
        let channel = try await SupervisorChannel.open(
            as: UnprivilegedAccount.needed(),
            environment: environment
        )
        let alphabet = Array(lettersAndDigits)
        let password = String((0..<32).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
        return try EmbeddedPostgresServer(
            reply: try await channel.exchange(password, failure: .startFailed),
            password: password,
            installation: installation,
            tls: options.tls,
            channel: channel
        )
    }

    /// Stops the server and keeps its port and data for ``start()``; nothing happens when it is stopped already.
    package func stop(mode: StopMode = .fast) async throws {
        _ = try await channel.exchange("stop \(mode.rawValue)", failure: .controlFailed)
    }

    /// Starts the stopped (or crashed) server again on the same port and data; nothing happens when it runs.
    package func start() async throws {
        _ = try await channel.exchange("start", failure: .controlFailed)
    }

    /// Stops the server and starts it again on the same port and data.
    package func restart(mode: StopMode = .fast) async throws {
        try await stop(mode: mode)
        try await start()
    }

    /// Stops the server at once and deletes its folder; returns when nothing is left.
    package func remove() async throws {
        do {
            _ = try await channel.exchange("remove", failure: .controlFailed)
        } catch let error as EmbeddedPostgresError where error.code == .removed {
            // A second removal, or a supervisor that was told to end: the folder is gone, which is what was asked.
        }
        await channel.awaitEnd()
    }

    /// Everything the server has logged so far.
    package func readLog() throws -> String {
        try String(contentsOfFile: logFile, encoding: .utf8)
    }

    /// The process identifier of the running server's first process, for tests that send it signals.
    package func processIdentifier() throws -> Int32 {
        let text = try String(contentsOfFile: "\(dataDirectory)/postmaster.pid", encoding: .utf8)
        guard let identifier = Int32(text.prefix { $0 != "\n" }) else {
            throw EmbeddedPostgresError(.controlFailed, "The server has no process identifier: it is starting")
        }
        return identifier
    }

    /// Encodes everything but letters, digits and `-._~`, so that the text can stand anywhere in a URL.
    static func percentEncoded(_ text: String) -> String {
        let unreserved = CharacterSet(charactersIn: lettersAndDigits + "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? text
    }
}

/// Runs `body` with a server of its own and removes every trace of the server before it returns or throws.
///
/// - Throws: What `body` throws, or ``EmbeddedPostgresError``.
package func withEmbeddedPostgres<Result: Sendable>(
    _ options: EmbeddedPostgresOptions = EmbeddedPostgresOptions(),
    _ body: (EmbeddedPostgresServer) async throws -> Result
) async throws -> Result {
    let server = try await EmbeddedPostgresServer.start(options)
    let result: Result
    do {
        result = try await body(server)
    } catch {
        // The error of the body says more than one of the removal could.
        try? await server.remove()
        throw error
    }
    try await server.remove()
    return result
}
