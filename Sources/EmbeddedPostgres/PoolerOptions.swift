import Foundation

/// What a throw-away pooler should be like.
package struct PoolerOptions: Sendable {
    /// The program.
    package enum Program: String, Sendable {
        case pgbouncer, pgpool, odyssey

        /// What it logs when it is ready.
        var readiness: String {
            switch self {
            case .pgbouncer: "process up"
            case .pgpool: "successfully started"
            case .odyssey: "listening on"
            }
        }

        /// Looks for the program in `PATH` and where Debian puts it.
        func path(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> String {
            let folders =
                (environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/bin"]
            let candidates = folders.map { "\($0)/\(rawValue)" }
            guard let path = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
                let package = self == .pgpool ? "pgpool2" : rawValue
                throw EmbeddedPostgresError(
                    .serverNotInstalled,
                    "\(rawValue) is not installed. Debian, Ubuntu: apt-get install \(package)"
                )
            }
            return path
        }
    }

    package var program: Program
    /// The path of the program; `nil` looks for it.
    package var command: String?
    /// PgBouncer's `pool_mode`, and Odyssey's `pool`.
    package var poolMode: String
    /// PgBouncer's `default_pool_size`; pgpool-II's `num_init_children`; Odyssey's `pool_size`.
    package var poolSize: Int
    /// Wants TLS from clients, and speaks TLS to the server; the server has to have it, too.
    package var tls: Bool
    /// Further settings, which win over those made here.
    package var settings: [String: String]

    /// A PgBouncer.
    package static func pgbouncer(
        _ poolMode: String = "transaction",
        poolSize: Int = 5,
        tls: Bool = false,
        settings: [String: String] = [:]
    ) -> PoolerOptions {
        PoolerOptions(program: .pgbouncer, poolMode: poolMode, poolSize: poolSize, tls: tls, settings: settings)
    }

    /// A pgpool-II that keeps sessions, without any load balancing.
    package static func pgpool(poolSize: Int = 4, settings: [String: String] = [:]) -> PoolerOptions {
        PoolerOptions(program: .pgpool, poolMode: "session", poolSize: poolSize, tls: false, settings: settings)
    }

    /// An Odyssey; its settings are those of the block of the user.
    package static func odyssey(
        _ command: String,
        poolMode: String = "transaction",
        poolSize: Int = 5,
        settings: [String: String] = [:]
    ) -> PoolerOptions {
        PoolerOptions(
            program: .odyssey,
            command: command,
            poolMode: poolMode,
            poolSize: poolSize,
            tls: false,
            settings: settings
        )
    }

    /// The text of the configuration file; the supervisor puts in the folder, the port, and who may come in.
    func configuration(for server: PoolerTarget) -> String {
        switch program {
        case .pgbouncer:
            "[databases]\n* = host=127.0.0.1 port=\(server.port)\n[pgbouncer]\n"
                + lines(pgbouncerSettings(server), between: " = ")
        case .pgpool: lines(pgpoolSettings(server), between: " = ")
        case .odyssey:
            """
            daemonize no
            log_to_stdout yes
            log_config no
            log_session no
            log_format "%p %t %l [%i %s] (%c) %m\\n"
            listen { host "127.0.0.1" port @port@ }
            storage "server" { type "remote" host "[127.0.0.1]:\(server.port)" }
            database default { user default {
            \(lines(odysseySettings, between: " "))
            } }
            """
        }
    }

    private func lines(_ values: [String: String], between separator: String) -> String {
        values.merging(settings) { _, own in own }.sorted { $0.key < $1.key }.map { "\($0)\(separator)\($1)" }
            .joined(separator: "\n")
    }

    private var odysseySettings: [String: String] {
        [
            "authentication": "\"scram-sha-256\"", "password": "\"@password@\"", "storage": "\"server\"",
            "storage_user": "\"@user@\"", "storage_password": "\"@password@\"", "pool": "\"\(poolMode)\"",
            "pool_size": String(poolSize),
        ]
    }

    private func pgbouncerSettings(_ server: PoolerTarget) -> [String: String] {
        var values = [
            "listen_addr": "127.0.0.1", "listen_port": "@port@", "unix_socket_dir": "", "auth_type": "scram-sha-256",
            "auth_file": "@folder@/users", "pool_mode": poolMode, "default_pool_size": String(poolSize),
            "admin_users": server.user, "max_client_conn": "200",
        ]
        if tls, let folder = server.tlsDirectory {
            values["client_tls_sslmode"] = "require"
            values["client_tls_key_file"] = "\(folder)/server.key"
            values["client_tls_cert_file"] = "\(folder)/server.crt"
            values["server_tls_sslmode"] = "verify-ca"
            values["server_tls_ca_file"] = "\(folder)/ca.crt"
        }
        return values
    }

    private func pgpoolSettings(_ server: PoolerTarget) -> [String: String] {
        [
            "listen_addresses": "'127.0.0.1'", "port": "@port@", "socket_dir": "'@folder@'",
            "pcp_socket_dir": "'@folder@'",
            // Nobody asks it anything over that port, but it cannot be told not to listen.
            "pcp_port": "@next@", "pid_file_name": "'@folder@/pgpool.pid'", "logdir": "'@folder@'",
            "work_dir": "'@folder@'", "backend_clustering_mode": "'raw'", "backend_hostname0": "'127.0.0.1'",
            "backend_port0": String(server.port), "backend_weight0": "1", "backend_data_directory0": "'@folder@'",
            "enable_pool_hba": "on", "pool_passwd": "'pool_passwd'", "num_init_children": String(poolSize),
            "max_pool": "2", "connection_cache": "on", "memory_cache_enabled": "off",
        ]
    }
}
