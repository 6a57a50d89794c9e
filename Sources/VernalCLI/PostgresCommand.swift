import ArgumentParser
import EmbeddedPostgres
import Foundation

/// `vernal postgres`: runs a command with a PostgreSQL server of its own.
struct PostgresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres",
        abstract: "Run a command with a PostgreSQL server of its own.",
        usage: "vernal postgres [OPTIONS] -- COMMAND [ARGUMENTS...]",
        discussion: """
            The server is made in a temporary folder, listens on 127.0.0.1 and on a unix socket, asks for a password, \
            and is removed when the command ends, however it ends. It is for tests and trials: it does not flush to disk.

            The command finds in its environment:
              DATABASE_URL           the connection URL, with the password
              VERNAL_PG_SOCKET_URL   the same over the unix socket
              VERNAL_PG_LOG          the file the server logs to
              VERNAL_PG_BIN          the folder of the server's programs
              PGSSLROOTCERT          with --tls: the certificate to trust

            The exit status is the command's own; 128 + N when signal N ended it, 127 when it was not found, 126 when \
            it could not be run, 64 for wrong usage and 69 when there is no server to run.

            VERNAL_PG_BIN chooses among installed servers.
            """
    )

    @Option(
        name: .customLong("max-connections"),
        help: .init("How many connections the server allows.", valueName: "n")
    )
    var maxConnections = 100

    @Flag(help: "Offer TLS; DATABASE_URL then demands a verified certificate.")
    var tls = false

    @Option(
        name: .customLong("set"),
        help: .init("A setting of the server; may be repeated.", valueName: "name=value")
    )
    var settings: [ServerSetting] = []

    @Flag(name: .customLong("trust-socket"), help: "Ask for no password on the unix socket.")
    var trustSocket = false

    @Flag(help: "Say on standard error when the server is ready.")
    var verbose = false

    @Argument(parsing: .postTerminator, help: "The command to run and its arguments, after '--'.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty {
            throw ValidationError("The command to run is missing. Write it after '--': vernal postgres -- COMMAND")
        }
    }

    func run() async throws {
        let options = EmbeddedPostgresOptions(
            maxConnections: maxConnections,
            tls: tls,
            trustLocalSocket: trustSocket,
            settings: Dictionary(settings.map { ($0.name, $0.value) }) { _, last in last }
        )
        let command = ForegroundCommand(command)
        if let status = await command.refusal() { throw ExitCode(status) }
        let began = ContinuousClock.now
        let status: Int32
        do {
            status = try await withEmbeddedPostgres(options) { server in
                if verbose { report(server, after: .now - began) }
                return try await command.run(environment: Self.variables(for: server))
            }
        } catch let error as EmbeddedPostgresError {
            standardError("vernal: \(error)")
            throw error.code == .invalidOption ? ExitCode.validationFailure : ExitCode(69)
        }
        if status != 0 { throw ExitCode(status) }
    }

    private static func variables(for server: EmbeddedPostgresServer) -> [String: String] {
        var variables = [
            "DATABASE_URL": server.url,
            "VERNAL_PG_SOCKET_URL": server.socketURL,
            "VERNAL_PG_LOG": server.logFile,
            "VERNAL_PG_BIN": server.binDirectory,
        ]
        variables["PGSSLROOTCERT"] = server.caCertificatePath
        return variables
    }

    private func report(_ server: EmbeddedPostgresServer, after time: Duration) {
        let seconds = time.formatted(.units(allowed: [.milliseconds], width: .abbreviated))
        standardError("vernal: PostgreSQL is ready after \(seconds) on 127.0.0.1:\(server.port), log \(server.logFile)")
    }
}

/// A `NAME=VALUE` of the command line.
struct ServerSetting: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else { return nil }
        name = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
    }

    static var defaultCompletionKind: CompletionKind { .default }
}

/// Writes a line to standard error.
func standardError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
