/// What the throw-away server should be like; the defaults suit most tests.
package struct EmbeddedPostgresOptions: Sendable {
    /// `max_connections`, of which the server keeps 3 for superusers; default 100.
    package var maxConnections: Int
    /// Offers TLS with a certificate for `localhost` and `127.0.0.1` from a throw-away authority; default off.
    package var tls: Bool
    /// Lets everyone in on the unix socket without a password, for benchmarks; default off.
    package var trustLocalSocket: Bool
    /// Further settings (`postgresql.conf` names); they win over everything this module sets.
    package var settings: [String: String]
    /// Lines for `pg_hba.conf`, placed before the default ones, so that they win.
    package var hbaLines: [String]

    package init(
        maxConnections: Int = 100,
        tls: Bool = false,
        trustLocalSocket: Bool = false,
        settings: [String: String] = [:],
        hbaLines: [String] = []
    ) {
        self.maxConnections = maxConnections
        self.tls = tls
        self.trustLocalSocket = trustLocalSocket
        self.settings = settings
        self.hbaLines = hbaLines
    }
}
