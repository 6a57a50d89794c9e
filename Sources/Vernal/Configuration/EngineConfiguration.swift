package import LibpqIO
internal import PoolCore

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
    /// Who is asked before each connect.
    var admission: AdmissionReference?

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
    /// How long one address of the server may take to accept a connection, and to say something if there is another host
    /// to turn to.
    ///
    /// Default 3 s. A server that has accepted, and is the only one, is waited for as long as the caller has time: whoever
    /// gives up a place in a busy server's queue makes it work for nobody.
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
    /// After what time the server itself ends a session in which nobody runs anything, so that a process that is frozen or lost holds no
    /// slot for longer.
    ///
    /// From 1 s to 2,147,483,647 ms; default `nil`: the server is left as it is. Only PostgreSQL 14 or later is told
    /// (`idle_session_timeout`), and only where nothing is in between; in all other cases the log says why not. It is told when a
    /// connection comes back, with nobody waiting. The pool gives up what has been idle for so long a little earlier (10 s, or half of it), so
    /// choose more than `idleTimeout`. Whoever holds a connection in silence for so long, and not in a transaction, loses it.
    public var idleSessionTimeout: Duration?
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

    /// How many statements a connection keeps in mind, so that one that comes again is prepared: the server
    /// does not parse it again, and after some times does not plan it again either.
    ///
    /// From 0, which turns it off, to 10,000; default 64. Where sessions are shared with others nothing is prepared, unless
    /// `upstream` says that the pooler keeps what is prepared; a connection then prepares fewer than twice as many in its life, and nothing
    /// in transactions. A statement is prepared when it comes for the second time, in the same round trip.
    public var statementCacheSize = 64

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

    /// How many connects may be under way at a time; those who wait are served by whatever comes first, a new connection or
    /// one that is given back.
    ///
    /// From 1; default 2. `nil`: as many as `connectBurst` allows.
    public var connectConcurrency: Int? = 2
    /// How many processes may start together.
    ///
    /// From 1; default `nil`: unknown. With `serverConnectRate` it makes the first connect wait for a random part of what
    /// the server's queue would take beyond the caller's deadline, which is nothing for all but large fleets.
    public var fleetSize: Int?
    /// How many connects a second the server takes.
    ///
    /// More than 0; default `nil`: unknown. A PostgreSQL on a machine of its own takes some hundreds.
    public var serverConnectRate: Double?

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
    /// `nil` (the default) is found out. Where that and what is seen do not go together, the stricter rules are kept.
    public var upstream: Upstream? {
        didSet { upstreamSource = "the setting upstream" }
    }
    /// Where `upstream` comes from, for the reasons.
    package var upstreamSource = "the setting upstream"
    /// What is done about a statement that pins a proxy, or whose effect is lost or leaks behind a pooler.
    ///
    /// Default `.warn`.
    public var pinPolicy = PinPolicy.warn
    /// Whether the engine may ask the server one row of questions, once in the life of the process, when it does not know what is in
    /// between and has to.
    ///
    /// Default `true`. RDS Proxy is never asked.
    public var probesUpstream = true
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

/// What becomes of idle connections when the process may be frozen.
public enum Retention: String, Sendable, Hashable, CaseIterable {
    /// Keep them, unless the server has shown that its connection slots are scarce.
    case adaptive
    /// Keep them: the next invocation needs no connect.
    case keep
    /// Give them back: a frozen process holds nothing.
    case release

    /// The policy as the pool's core has it.
    var rule: RetentionRule.Limits {
        var limits = RetentionRule.Limits()
        limits.policy =
            switch self {
            case .adaptive: .adaptive
            case .keep: .keep
            case .release: .release
            }
        return limits
    }
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
