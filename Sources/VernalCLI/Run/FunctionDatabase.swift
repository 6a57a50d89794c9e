import EmbeddedPostgres
import Foundation
import LibpqIO
import LocalFunctions
import Vernal

/// The database of the functions that are run: the developer's own, or an embedded one.
struct FunctionDatabase: Sendable {
    /// What the functions are told.
    let url: String
    /// The server, if it is ours.
    let server: EmbeddedPostgresServer?
    /// For questions of our own; `nil` when nothing is known of the database.
    let monitor: Engine?
    /// Begins the name under which each environment's connections go.
    let namePrefix = "vernal-\(ProcessInfo.processInfo.processIdentifier)-"

    /// The role that functions get in the embedded server: no superuser, so that the slots that a server keeps for
    /// those are not theirs, as anywhere else.
    static let role = "app"

    /// Prepares an embedded server for functions.
    init(embedded server: EmbeddedPostgresServer) async throws {
        self.server = server
        url = "postgresql://\(Self.role):\(server.password)@127.0.0.1:\(server.port)/\(server.database)"
        let monitor = try Self.monitor(server.socketURL)
        try await monitor.withConnection { connection in
            // Letters and digits only: it needs no quoting.
            try await connection.execute(
                SQLQuery(unsafeRaw: "CREATE ROLE \(Self.role) LOGIN PASSWORD '\(server.password)'")
            )
            try await connection.execute(SQLQuery(unsafeRaw: "GRANT ALL ON SCHEMA public TO \(Self.role)"))
            try await connection.execute(
                SQLQuery(unsafeRaw: "GRANT ALL ON DATABASE \(server.database) TO \(Self.role)")
            )
        }
        self.monitor = monitor
    }

    /// Takes the developer's own database.
    init(url: String) {
        self.url = url
        server = nil
        monitor = try? Self.monitor(url)
    }

    private static func monitor(_ url: String) throws -> Engine {
        var configuration = try EngineConfiguration(url: url)
        configuration[connectionParameter: "application_name"] = "vernal monitor"
        configuration.connectRate = 100
        return Engine(configuration: configuration)
    }

    /// The variables of one environment.
    func variables(for id: EnvironmentID) -> [String: String] {
        ["DATABASE_URL": url, "PGAPPNAME": "\(namePrefix)\(id)"]
    }

    /// The same database through a relay on this machine: only the address is another one, so that a certificate is still
    /// checked against the name.
    func url(throughPort port: Int) -> String {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            return url + " hostaddr=127.0.0.1 port=\(port)"
        }
        return url + (url.contains("?") ? "&" : "?") + "hostaddr=127.0.0.1&port=\(port)"
    }

    /// Where relays go to.
    func relayTarget() throws -> RelayTarget {
        let settings = try ConnectionSettings(parsing: url)
        let port = settings["port"].flatMap { Int($0) } ?? 5432
        let host = settings["hostaddr"] ?? settings["host"] ?? "127.0.0.1"
        return host.hasPrefix("/")
            ? .unixSocket(path: "\(host)/.s.PGSQL.\(port)") : .tcp(host: host, port: port)
    }
}

extension FunctionDatabase {
    /// How many connections each environment has at this moment; `nil` when the server does not say.
    func connections() async -> [EnvironmentID: Int]? {
        guard let monitor else { return nil }
        let rows = try? await monitor.query(
            """
            SELECT application_name, count(*) FROM pg_stat_activity
            WHERE application_name LIKE \(namePrefix + "%") GROUP BY application_name
            """
        ).decode((String, Int).self)
        guard let rows else { return nil }
        var counts: [EnvironmentID: Int] = [:]
        for (name, count) in rows {
            if let number = Int(name.dropFirst(namePrefix.count)) { counts[EnvironmentID(number)] = count }
        }
        return counts
    }

    /// How many connections the server leaves to functions; `nil` when it does not say.
    func usableSlots() async -> Int? {
        guard let monitor else { return nil }
        return try? await monitor.query(
            """
            SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true), '0')::int
            """
        ).value(as: Int.self)
    }
}
