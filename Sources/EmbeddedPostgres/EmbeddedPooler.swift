import Foundation

/// A throw-away PgBouncer, pgpool-II or Odyssey in front of an `EmbeddedPostgresServer`, which leaves nothing behind either.
package final class EmbeddedPooler: Sendable {
    /// How a running pooler is stopped: `SIGINT`, `SIGTERM` or `SIGKILL`.
    package enum StopMode: String, Sendable {
        case interrupt = "INT"
        case terminate = "TERM"
        case kill = "KILL"
    }

    /// The only address it listens on.
    package let host = "127.0.0.1"
    /// The TCP port; it stays the same over a restart.
    package let port: Int
    /// The folder that holds everything of this pooler.
    package let directory: String
    /// The file it logs to; emptied at each start.
    package var logFile: String { "\(directory)/log" }
    /// The connection URL of the database that the pooler serves, with the password.
    package let url: String

    private let channel: SupervisorChannel
    private let userinfo: String

    private init(reply: [Substring], options: PoolerOptions, server: PoolerTarget, channel: SupervisorChannel) throws {
        guard reply.count == 3, let port = Int(reply[1]) else {
            throw EmbeddedPostgresError(.startFailed, "The supervisor of the pooler gave no proper reply")
        }
        self.port = port
        directory = String(reply[2])
        userinfo = "\(server.user):\(server.password)"
        var url = "postgresql://\(userinfo)@127.0.0.1:\(port)/\(server.database)"
        if options.tls, let authority = server.tlsDirectory.map({ "\($0)/ca.crt" }) {
            url =
                "postgresql://\(userinfo)@localhost:\(port)/\(server.database)"
                + "?sslmode=verify-full&sslrootcert=\(EmbeddedPostgresServer.percentEncoded(authority))"
        }
        self.url = url
        self.channel = channel
    }

    /// Starts a pooler in front of a server; takes a few milliseconds (PgBouncer) or half a second (pgpool-II).
    ///
    /// - Throws: ``EmbeddedPostgresError``, with the end of the pooler's log when it did not start.
    package static func start(
        _ options: PoolerOptions,
        for server: PoolerTarget
    ) async throws -> EmbeddedPooler {
        var generator = SystemRandomNumberGenerator()
        let ports = (0..<16).map { _ in String(Int.random(in: 20_000..<32_000, using: &generator)) }
        var environment = ProcessInfo.processInfo.environment.filter { ["PATH", "TMPDIR"].contains($0.key) }
        environment["LC_ALL"] = "C"
        environment["TZ"] = "UTC"
        environment["VERNAL_SUPERVISOR"] = PoolerScript.supervisor
        environment["VERNAL_POOLER"] = options.program.rawValue
        environment["VERNAL_PROGRAM"] = try options.command ?? options.program.path()
        environment["VERNAL_READY"] = options.program.readiness
        environment["VERNAL_PORTS"] = ports.joined(separator: " ")
        environment["VERNAL_CONF"] = options.configuration(for: server)
        let channel = try await SupervisorChannel.open(as: UnprivilegedAccount.needed(), environment: environment)
        let reply = try await channel.exchange("\(server.user) \(server.password)", failure: .startFailed)
        return try EmbeddedPooler(reply: reply, options: options, server: server, channel: channel)
    }

    /// The connection URL of another database behind the pooler, such as PgBouncer's console `pgbouncer`.
    package func url(database: String) -> String { "postgresql://\(userinfo)@127.0.0.1:\(port)/\(database)" }

    /// Stops the pooler and keeps its port for ``start()``.
    package func stop(_ mode: StopMode = .interrupt) async throws {
        _ = try await channel.exchange("stop \(mode.rawValue)", failure: .controlFailed)
    }

    /// Starts the stopped pooler again.
    package func start() async throws {
        _ = try await channel.exchange("start", failure: .controlFailed)
    }

    /// Stops the pooler and starts it again on the same port.
    package func restart(_ mode: StopMode = .interrupt) async throws {
        try await stop(mode)
        try await start()
    }

    /// Stops the pooler at once and deletes its folder; returns when nothing is left.
    package func remove() async throws {
        do {
            _ = try await channel.exchange("remove", failure: .controlFailed)
        } catch let error as EmbeddedPostgresError where error.code == .removed {
            // Its supervisor was told to end: the folder is gone, which is what was asked.
        }
        await channel.awaitEnd()
    }

    /// Everything the pooler has logged since its last start.
    package func readLog() throws -> String {
        try String(contentsOfFile: logFile, encoding: .utf8)
    }
}

/// Runs `body` with a pooler and removes every trace of it before it returns or throws.
///
/// - Throws: What `body` throws, or ``EmbeddedPostgresError``.
package func withEmbeddedPooler<Result: Sendable>(
    _ options: PoolerOptions,
    for server: PoolerTarget,
    _ body: (EmbeddedPooler) async throws -> Result
) async throws -> Result {
    let pooler = try await EmbeddedPooler.start(options, for: server)
    let result: Result
    do {
        result = try await body(pooler)
    } catch {
        try? await pooler.remove()
        throw error
    }
    try await pooler.remove()
    return result
}

/// The server that a pooler is put in front of; on 127.0.0.1.
package struct PoolerTarget: Sendable {
    package var port: Int
    package var user: String
    package var password: String
    package var database: String
    /// The folder with `ca.crt`, `server.crt` and `server.key`, for poolers with TLS.
    package var tlsDirectory: String?

    package init(port: Int, user: String, password: String, database: String, tlsDirectory: String? = nil) {
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.tlsDirectory = tlsDirectory
    }

    package init(_ server: EmbeddedPostgresServer) {
        self.init(
            port: server.port,
            user: server.user,
            password: server.password,
            database: server.database,
            tlsDirectory: server.caCertificatePath.map { _ in "\(server.directory)/tls" }
        )
    }
}
