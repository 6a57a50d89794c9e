import PoolCore
import Testing

/// Every cell of the table of saturation and failure signals.
///
/// Not testable as messages, because nothing is said: pgpool-II without reserved connections lets clients hang in the
/// backlog of its socket, RDS Proxy and Supavisor close idle connections without a word, RDS Proxy queues requests during
/// a failover, and what no text is documented for (RDS Proxy's end after 24 hours, Neon's suspended compute).
@Suite struct `A message of failure` {
    struct Row: Sendable, CustomTestStringConvertible {
        let sqlState: String
        let text: String
        let detail: String?
        let isFatal: Bool
        let advice: FailureAdvice
        var testDescription: String { "\(sqlState) \(text)" }

        init(
            _ sqlState: String,
            _ text: String,
            _ cause: FailureAdvice.Cause,
            _ retry: FailureAdvice.Retry,
            keeps: Bool = false,
            pause: Int? = nil,
            detail: String? = nil,
            isFatal: Bool = true
        ) {
            self.sqlState = sqlState
            self.text = text
            self.detail = detail
            self.isFatal = isFatal
            advice = FailureAdvice(cause, retry, keepsConnection: keeps, pause: pause.map { .seconds($0) })
        }
    }

    @Test(arguments: postgres + pgbouncer + neon)
    func `of PostgreSQL, PgBouncer and Neon is understood`(row: Row) { check(row) }

    @Test(arguments: amazon + supavisor + pgcat)
    func `of Amazon, Supavisor and PgCat is understood`(row: Row) { check(row) }

    @Test(arguments: odyssey + pgdog + pgpool + hyperdrive)
    func `of Odyssey, PgDog, pgpool-II and Hyperdrive is understood`(row: Row) { check(row) }

    private func check(_ row: Row) {
        let message = UpstreamMessage(sqlState: row.sqlState, text: row.text, detail: row.detail, isFatal: row.isFatal)
        #expect(FailureAdvice(message) == row.advice)
    }

    @Test(arguments: ["23505", "42P01", "22012", "40001", "57014", "55P03", "0A000", "P0001", "XX000", "53400"])
    func `is none when it is only about a statement`(sqlState: String) {
        let message = UpstreamMessage(sqlState: sqlState, text: "whatever", isFatal: false)
        #expect(FailureAdvice(message) == nil)
    }

    @Test func `that is unknown is tried again, within the budget`() {
        for sqlState in ["08P01", "XX000", "58000"] {
            let message = UpstreamMessage(sqlState: sqlState, text: "something new", isFatal: true)
            #expect(FailureAdvice(message)?.retry == .soon)
        }
    }

    private static let postgres: [Row] = [
        // (a)
        Row("53300", "sorry, too many clients already", .tooManyConnections, .soon),
        Row(
            "53300",
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            .tooManyConnections,
            .soon
        ),
        Row(
            "53300",
            "remaining connection slots are reserved for non-replication superuser and rds_superuser connections",
            .tooManyConnections,
            .soon
        ),
        Row(
            "53300",
            "remaining connection slots are reserved for roles with privileges of the \"pg_use_reserved_connections\" role",
            .tooManyConnections,
            .soon
        ),
        Row("53300", "too many connections for role \"x\"", .tooManyConnections, .soon),
        Row("53300", "too many connections for database \"x\"", .tooManyConnections, .soon),
        // (b)
        Row("57P03", "the database system is starting up", .unavailable, .soon),
        Row("57P03", "the database system is shutting down", .unavailable, .soon),
        Row("57P03", "the database system is in recovery mode", .unavailable, .soon),
        Row("57P03", "the database system is not yet accepting connections", .unavailable, .soon),
        Row("57P01", "terminating connection due to administrator command", .unavailable, .soon),
        Row("57P02", "terminating connection because of crash of another server process", .unavailable, .soon),
        Row("25006", "cannot execute INSERT in a read-only transaction", .readOnly, .soon, isFatal: false),
        // (e)
        Row("57P05", "terminating connection due to idle-session timeout", .idleClosed, .soon),
        Row("25P03", "terminating connection due to idle-in-transaction timeout", .idleClosed, .soon),
        Row("25P04", "terminating connection due to transaction timeout", .idleClosed, .soon),
        // Settings
        Row("28P01", "password authentication failed for user \"x\"", .login, .never),
        Row("28000", "no pg_hba.conf entry for host", .login, .never),
        Row("3D000", "database \"x\" does not exist", .login, .never),
        Row("42704", "unrecognized configuration parameter \"x\"", .configuration, .never),
    ]

    private static let pgbouncer: [Row] = [
        // (a)
        Row("08P01", "no more connections allowed (max_client_conn)", .tooManyConnections, .soon),
        Row("08P01", "client connections exceeded (max_db_client_connections)", .tooManyConnections, .soon),
        Row("08P01", "client connections exceeded (max_user_client_connections)", .tooManyConnections, .soon),
        // (b)
        Row(
            "08P01",
            "server login has been failing, cached error: FATAL: x (server_login_retry)",
            .unavailable,
            .slowly,
            pause: 1
        ),
        Row(
            "08P01",
            "server login has been failing, try again later (server_login_retry)",
            .unavailable,
            .slowly,
            pause: 1
        ),
        Row("08P01", "pooler is shutting down", .unavailable, .soon),
        Row("08P01", "server shutting down", .unavailable, .soon),
        Row("08P01", "client_login_timeout (server down)", .unavailable, .soon),
        // (c)
        Row("08P01", "query_wait_timeout", .queueTimeout, .notNow),
        Row("08P01", "query_timeout", .queueTimeout, .notNow),
        // (e)
        Row("08P01", "client_idle_timeout", .idleClosed, .soon),
        // Settings
        Row("08P01", "unsupported startup parameter: options", .configuration, .never),
        Row("08P01", "no such database: x", .login, .never),
    ]

    private static let neon: [Row] = [
        // (a)
        Row("XX000", "Too many connections attempts", .tooManyConnections, .soon),
        Row(
            "XX000",
            "Failed to acquire permit to connect to the database. Too many database connection attempts are currently ongoing.",
            .tooManyConnections,
            .soon
        ),
        // (b)
        Row("XX000", "Couldn't connect to compute node", .unavailable, .slowly, pause: 1, isFatal: false),
        Row("XX000", "Control plane request failed", .unavailable, .slowly, pause: 1, isFatal: false),
        Row(
            "XX000",
            "Control plane request failed: endpoint is temporarily unavailable. Check your quotas and/or contact our support.",
            .unavailable,
            .slowly,
            pause: 1
        ),
        Row("XX000", "Control plane request failed: endpoint is disabled", .configuration, .never),
        Row("XX000", "Control plane request failed: endpoint cannot be found", .configuration, .never),
        // (c)
        Row("XX000", "query_wait_timeout", .queueTimeout, .notNow),
        // (d)
        Row("XX000", "Too many connections to this endpoint. Please try again later.", .connectRate, .slowly, pause: 1),
        Row("XX000", "Authentication timed out", .connectRate, .slowly, pause: 1),
        // Settings
        Row("XX000", "connection is insecure (try using `sslmode=require`)", .configuration, .never),
        Row(
            "XX000",
            "Endpoint ID is not specified. Either please upgrade the postgres client library",
            .configuration,
            .never
        ),
    ]

    private static let amazon: [Row] = [
        // RDS Proxy (a), (c), (d)
        Row("XX000", "The maximum number of client connections to the proxy exceeded 100.", .tooManyConnections, .soon),
        Row("08000", "Timed-out waiting to acquire database connection", .queueTimeout, .notNow),
        Row("XX000", "Rate of connection to proxy exceeded 10.", .connectRate, .slowly, pause: 1),
        Row(
            "28000",
            "The IAM authentication failed because of too many competing requests.",
            .connectRate,
            .slowly,
            pause: 1
        ),
        // RDS Proxy, settings
        Row("28000", "This RDS Proxy requires TLS connections.", .configuration, .never),
        Row("28000", "IAM authentication is allowed only with SSL connections.", .configuration, .never),
        Row("28000", "RDS supports only IAM, MD5, or SCRAM authentication.", .configuration, .never),
        Row("XX000", "This RDS proxy has no credentials for the role x.", .login, .never),
        Row("XX000", "The password that was provided for the role x is wrong.", .login, .never),
        Row("XX000", "Request returned an error: database \"x\" does not exist", .login, .never),
        Row(
            "0A000",
            "Feature not supported: RDS Proxy currently doesn’t support command-line options.",
            .configuration,
            .never
        ),
        Row(
            "0A000",
            "Feature not supported: RDS Proxy supports only version 3.0 of the PostgreSQL messaging protocol.",
            .configuration,
            .never
        ),
        Row(
            "28000",
            "The IAM authentication failed for the role x. Check the IAM token for this role and try again.",
            .login,
            .never
        ),
        // Aurora DSQL
        Row("53300", "Unable to accept connection, too many open connections.", .tooManyConnections, .soon),
        Row("53400", "Unable to accept connection, rate exceeded.", .connectRate, .slowly, pause: 1),
    ]

    private static let supavisor: [Row] = [
        Row(
            "XX000",
            "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 5",
            .tooManyConnections,
            .soon
        ),
        Row("XX000", "(EMAXCONN) max client connections reached, limit: 5", .tooManyConnections, .soon),
        Row("XX000", "(EMAXPOOLSREACHED) max pools count reached", .tooManyConnections, .soon),
        Row("XX000", "(EDBHANDLEREXITED) connection to database closed", .unavailable, .soon),
        Row("XX000", "(EPOOLTERMINATING) the pool ends", .unavailable, .soon),
        Row("57P01", "terminating connection due to administrator command", .unavailable, .soon),
        Row(
            "XX000",
            "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms in Transaction mode",
            .queueTimeout,
            .notNow
        ),
        Row(
            "XX000",
            "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked",
            .connectRate,
            .slowly,
            pause: 30
        ),
        Row("28P01", "password authentication failed for user \"x\"", .login, .never),
        Row(
            "XX000",
            "(EPSSIMPLEQUERY) transaction mode only supports prepared statements using the Extended Query Protocol",
            .configuration,
            .never
        ),
    ]

    private static let pgcat: [Row] = [
        Row("58000", "terminating connection due to administrator command", .unavailable, .soon),
        Row("58000", "Pool down for database: \"d\", user: \"u\"", .unavailable, .soon, keeps: true),
        Row("58000", "could not get connection from the pool - AllServersDown", .queueTimeout, .soon, keeps: true),
        Row("58000", "checkout failure limit reached (5 / 5)", .queueTimeout, .soon),
        Row("28P01", "password authentication failed for user \"u\"", .login, .never),
        Row("58000", "idle transaction timeout", .idleClosed, .soon),
    ]

    private static let odyssey: [Row] = [
        Row(
            "53300",
            "odyssey: c0123456789ab: too many tcp connections (global client_max 1)",
            .tooManyConnections,
            .soon
        ),
        Row("53300", "too many client tcp connections (global client_max)", .tooManyConnections, .soon),
        Row("53300", "too many client tcp connections (client_max for user d.u 5)", .tooManyConnections, .soon),
        Row("53300", "too many active clients for user (pool_size for user d.u reached 1)", .tooManyConnections, .soon),
        Row("08006", "odyssey: c0123456789ab: Odyssey is gracefully shutting down", .unavailable, .soon),
        Row("08006", "odyssey: c0123456789ab: failed to connect to remote server s0123456789ab", .unavailable, .soon),
        Row("08006", "odyssey: c0123456789ab: remote server read/write error s0123456789ab", .unavailable, .soon),
        Row("3D000", "odyssey: c0123456789ab: route for 'd.u' is not found", .login, .never),
        Row("28P01", "odyssey: c0123456789ab: incorrect password", .login, .never),
        Row(
            "08006",
            "odyssey: c0123456789ab: Odyssey has dropped the connection",
            .idleClosed,
            .soon,
            detail: "dropped due to idle timeout"
        ),
    ]

    private static let pgdog: [Row] = [
        Row("57P01", "PgDog is shutting down", .unavailable, .soon),
        Row(
            "58000",
            "connection pool for user \"u\" and database \"d\" is down",
            .unavailable,
            .soon,
            keeps: true,
            isFatal: false
        ),
        Row("58000", "checkout timeout", .queueTimeout, .soon, keeps: true, isFatal: false),
        Row("58000", "pool is banned", .unavailable, .soon, keeps: true, isFatal: false),
        Row("58000", "all replicas down", .unavailable, .soon, keeps: true, isFatal: false),
        Row(
            "28000",
            "password for user \"u\" and database \"d\" is wrong, or the database does not exist",
            .login,
            .never
        ),
        Row("08004", "only TLS connections are allowed", .configuration, .never),
        Row("57P05", "disconnecting idle client", .idleClosed, .soon, detail: "client_idle_timeout of 10ms expired"),
    ]

    private static let pgpool: [Row] = [
        Row("53300", "Sorry, too many clients already", .tooManyConnections, .soon),
        Row(
            "XX000",
            "all backend nodes are down, pgpool requires at least one valid node",
            .unavailable,
            .slowly,
            pause: 1
        ),
        Row("XX000", "connection terminated due to online recovery", .unavailable, .soon),
        Row("XX000", "SCRAM authentication failed", .login, .never),
        Row(
            "57000",
            "unable to read data",
            .idleClosed,
            .soon,
            detail: "child connection forced to terminate due to client_idle_limit:5 is reached"
        ),
    ]

    private static let hyperdrive: [Row] = [
        Row("58000", "Failed to acquire a connection from the pool.", .tooManyConnections, .soon, keeps: true),
        Row("58000", "Server connection attempt failed: connection_refused", .unavailable, .soon, keeps: true),
    ]
}
