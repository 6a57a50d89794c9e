package import LibpqIO

/// Where an engine finds its database, and by which numbers it pools.
///
/// The defaults are made for a function: no connection until one is needed, one connection per process, and time limits that
/// are shorter than a platform's patience. Every number is checked when the engine is used first; a wrong one is an
/// error that names it.
public struct EngineConfiguration: Sendable, Hashable {
    /// What libpq is told.
    ///
    /// Holds the password.
    package var settings = ConnectionSettings()

    // MARK: Size

    /// How many connections are kept.
    ///
    /// From 1 to 1,000; default 1.
    public var poolSize = 1
    /// How many more connections may be open for a moment; they are closed when they come back.
    ///
    /// From 0; default 0.
    public var maxOverflow = 0
    /// How many connections stay open however long they are idle.
    ///
    /// From 0 to `poolSize`; default 0.
    public var minConnections = 0
    /// How many callers may wait for a connection at a time; one more is refused at once.
    ///
    /// From 0; default 32.
    public var maxWaiters = 32

    /// Whether a connection that comes back is kept for the next caller.
    ///
    /// Default `true`.
    ///
    /// If not, there is no pool, only the limit of `poolSize`: what comes back is handed to somebody who waits, or closed.
    /// For use behind a pooler that is near.
    public var keepsConnections = true
    /// How often a connection is lent before it is replaced.
    ///
    /// From 1; default `nil`: as often as one likes.
    public var maxUses: Int?

    // MARK: Time

    /// How long a caller waits for a connection, connecting included.
    ///
    /// Default 5 s, and never longer than the invocation lasts, less `invocationMargin`.
    public var acquireTimeout: Duration = .seconds(5)
    /// How long one address of the server may take from the first packet to the end of the authentication.
    ///
    /// Default 3 s.
    public var connectTimeout: Duration = .seconds(3)
    /// What is left of an invocation when the engine gives up, so that the function can still answer.
    ///
    /// Default 250 ms.
    public var invocationMargin: Duration = .milliseconds(250)
    /// How long a connection may be idle before it is closed instead of lent.
    ///
    /// Default 60 s.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a connection may be idle even if `minConnections` keeps it: what is between function and server has
    /// most likely forgotten it by then.
    ///
    /// Default 300 s, and never less than `idleTimeout`.
    public var hardIdleLimit: Duration = .seconds(300)
    /// How old a connection may be before it is closed instead of lent or kept.
    ///
    /// Default 15 min; up to a tenth is taken off by chance, so that a fleet does not reconnect in step.
    public var maxLifetime: Duration = .seconds(900)
    /// A connection that was in use less than this ago is lent without a look at it.
    ///
    /// Default 500 ms.
    public var pingBypass: Duration = .milliseconds(500)
    /// A connection that has been idle for longer is asked for a sign of life before it is lent.
    ///
    /// Default 30 s.
    public var pingIdleAge: Duration = .seconds(30)
    /// How long that sign of life may take.
    ///
    /// Default 250 ms.
    public var pingTimeout: Duration = .milliseconds(250)
    /// How long the rollback of a transaction that was left open may take before the connection is closed.
    ///
    /// Default 1 s.
    public var rollbackTimeout: Duration = .seconds(1)
    /// How long a server may take to give up a statement that was cancelled, before the connection is closed.
    ///
    /// Default 1 s.
    public var cancelTimeout: Duration = .seconds(1)

    /// How long a transaction may take; then its statement is cancelled, and it is rolled back.
    ///
    /// Default `nil`: as long as the invocation lasts.
    public var maxTransactionDuration: Duration?
    /// For how long a caller may hold a connection before that is reported as a leak: an event and a warning, with the place
    /// in the source.
    ///
    /// Default 60 s; `nil`: for ever.
    public var leakThreshold: Duration? = .seconds(60)

    // MARK: Connects

    /// Whether a caller who gets no connection tries again.
    ///
    /// Default `.patient`.
    public var acquireRetry = RetryPolicy.patient

    /// How many connects may be made at once after a quiet time.
    ///
    /// From 1; `nil` (the default) is as many as the pool may hold.
    public var connectBurst: Int?
    /// How many connects a second may be made in the long run.
    ///
    /// More than 0; default 5.
    public var connectRate = 5.0
    /// The first connect of the process waits for a random part of this, so that a fleet that starts together does not
    /// connect together.
    ///
    /// Default 0: a lone cold start pays nothing.
    public var firstConnectWindow: Duration = .zero

    /// After how many connects in a row that failed and might be retried none is tried for a while: one second,
    /// doubling up to 30 s.
    ///
    /// Callers are told at once meanwhile, with the last reason. From 1; default `nil`: never.
    public var breakerThreshold: Int?

    // MARK: Behaviour

    /// How a session is cleaned between two callers.
    ///
    /// Default `.automatic`.
    public var resetPolicy = ResetPolicy.automatic
    /// What becomes of a connection that somebody still holds when the invocation is over.
    ///
    /// Default `.report`; where the process is frozen between invocations (AWS Lambda) `.cut`, unless it is set.
    public var forgottenLeases = ForgottenLeases.report
    /// From which numbers on an alert is raised.
    public var alertThresholds = AlertThresholds()

    /// What is in front of the database.
    ///
    /// Taken down for later: today the engine keeps the rules that hold behind all of them.
    public var upstream: Upstream?
    /// What becomes of idle connections when the process may be frozen.
    ///
    /// Default `.adaptive`.
    public var retention = Retention.adaptive

    /// A configuration for the server that libpq's own variables (`PGHOST`, `PGUSER`, …) name.
    public init() {}

    /// One setting of the connection, by libpq's keyword: `host`, `port`, `dbname`, `user`, `password`, `sslmode`,
    /// `application_name`, ….
    ///
    /// A keyword that libpq does not know is an error when the engine is used first.
    public subscript(connectionParameter keyword: String) -> String? {
        get { settings[keyword] }
        set { settings[keyword] = newValue }
    }
}

/// What stands between the function and PostgreSQL.
public struct Upstream: Sendable, Hashable, CustomStringConvertible {
    /// The name, as `VERNAL_UPSTREAM` takes it.
    public let description: String

    private init(_ description: String) {
        self.description = description
    }

    /// PostgreSQL itself, or a proxy that only forwards bytes.
    public static let direct = Upstream("direct")
    /// PgBouncer, or a pooler like it.
    public static let pgbouncer = Upstream("pgbouncer")
    /// Amazon RDS Proxy.
    public static let rdsProxy = Upstream("rdsProxy")

    static let all = [direct, pgbouncer, rdsProxy]
}

/// What becomes of idle connections when the process may be frozen.
public enum Retention: String, Sendable, Hashable, CaseIterable {
    /// Keep them, unless the server has shown that its connection slots are scarce.
    case adaptive
    /// Keep them: the next invocation needs no connect.
    case keep
    /// Give them back: a frozen process holds nothing.
    case release
}

/// What becomes of a connection that somebody still holds when the invocation is over.
///
/// In either case it is reported as a leak, and closed when it comes back.
public enum ForgottenLeases: String, Sendable, Hashable, CaseIterable {
    /// It is left to its holder: for processes that have work beside their invocations.
    case report
    /// It is cut, so that the server rolls back what it was doing: a frozen process would hold locks for as long as it is frozen.
    case cut
}

extension EngineConfiguration: CustomStringConvertible, CustomReflectable {
    /// The settings that are safe to print.
    public var description: String {
        let place = ["host", "port", "dbname", "user"].compactMap { keyword in
            settings[keyword].map { "\(keyword)=\($0)" }
        }
        return (place + ["poolSize=\(poolSize)", "maxOverflow=\(maxOverflow)", "minConnections=\(minConnections)"])
            .joined(separator: " ")
    }

    /// Shows what `description` shows: a dump of the fields would show the password.
    public var customMirror: Mirror {
        Mirror(self, children: ["description": description], displayStyle: .struct)
    }
}
