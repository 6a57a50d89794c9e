import Foundation
import Subprocess

/// A folder with the server programs (`initdb`, `postgres`) on this machine.
struct PostgresInstallation: Sendable, Equatable {
    /// The folder that holds `initdb`, `postgres` and usually `psql`.
    let binDirectory: String

    /// Follows links such as `/usr/local/bin/initdb`, so that the programs beside it (`psql`) are found too.
    private init(_ folder: String) {
        let program = URL(filePath: "\(folder)/initdb").resolvingSymlinksInPath()
        binDirectory = program.deletingLastPathComponent().path
    }

    /// Looks where packages and people put a server.
    ///
    /// The order: `VERNAL_PG_BIN` or `PG_BIN`, then `PATH`, then the folders that the Debian, PGDG, Homebrew and
    /// Postgres.app packages use (highest version first), and last what `pg_config` says.
    /// - Throws: ``EmbeddedPostgresError`` that says what to install.
    static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> PostgresInstallation {
        for name in ["VERNAL_PG_BIN", "PG_BIN"] {
            guard let folder = environment[name], !folder.isEmpty else { continue }
            guard holdsServer(folder) else {
                throw EmbeddedPostgresError(
                    .serverNotInstalled,
                    "\(name) is '\(folder)', but there are no executable 'initdb' and 'postgres' in it"
                )
            }
            return PostgresInstallation(folder)
        }
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        if let folder = (path + packageFolders()).first(where: holdsServer) {
            return PostgresInstallation(folder)
        }
        if let folder = await folderFromConfigurationTool(), holdsServer(folder) {
            return PostgresInstallation(folder)
        }
        throw EmbeddedPostgresError(
            .serverNotInstalled,
            """
            No PostgreSQL server was found on this machine. Install one:
              Debian, Ubuntu:   apt-get install postgresql
              Fedora, RHEL:     dnf install postgresql-server
              Alpine:           apk add postgresql
              macOS:            brew install postgresql@17
            or set VERNAL_PG_BIN to the folder that holds 'initdb' and 'postgres'.
            """
        )
    }

    /// Whether both programs the supervisor runs are there.
    private static func holdsServer(_ folder: String) -> Bool {
        ["initdb", "postgres"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
    }

    /// Folders of well-known packages, the highest version of each first.
    private static func packageFolders() -> [String] {
        let patterns: [(parent: String, prefix: String, suffix: String)] = [
            ("/usr/lib/postgresql", "", "/bin"),
            ("/usr", "pgsql-", "/bin"),
            ("/usr/libexec", "postgresql", ""),
            ("/opt/homebrew/opt", "postgresql@", "/bin"),
            ("/usr/local/opt", "postgresql@", "/bin"),
            ("/Applications/Postgres.app/Contents/Versions", "", "/bin"),
        ]
        return patterns.flatMap { pattern in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: pattern.parent)) ?? []
            return versioned(names, prefix: pattern.prefix).map { "\(pattern.parent)/\($0)\(pattern.suffix)" }
        }
    }

    /// The names that are a prefix and a version, highest version first (so 17 before 9.6).
    static func versioned(_ names: [String], prefix: String) -> [String] {
        names
            .compactMap { name -> (name: String, version: Double)? in
                guard name.hasPrefix(prefix), let version = Double(name.dropFirst(prefix.count)) else { return nil }
                return (name, version)
            }
            .sorted { $0.version > $1.version }
            .map(\.name)
    }

    private static func folderFromConfigurationTool() async -> String? {
        let result = try? await run(
            .name("pg_config"),
            arguments: ["--bindir"],
            output: .string(limit: 4096),
            error: .discarded
        )
        return result?.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
