package import PoolCore

/// What stands between the function and PostgreSQL.
public struct Upstream: Sendable, Hashable, CustomStringConvertible {
    /// For how long a pooler gives a client a server connection of its own.
    public enum Pooling: String, Sendable, Hashable, CaseIterable {
        /// For as long as the client is connected.
        case session
        /// For a transaction.
        case transaction
        /// For a statement.
        case statement
    }

    package let kind: UpstreamKind
    package let mode: PoolingMode
    /// Whether the pooler keeps prepared statements for each of its clients.
    package let keepsStatements: Bool

    private init(_ kind: UpstreamKind, _ mode: PoolingMode = .transaction, keepsStatements: Bool = false) {
        self.kind = kind
        self.mode = mode
        self.keepsStatements = keepsStatements
    }

    /// PostgreSQL itself, or a proxy that only forwards bytes.
    public static let direct = Upstream(.direct, .none)
    /// PgBouncer in transaction mode, or a pooler like it.
    public static let pgbouncer = Upstream(.pgbouncer)
    /// Amazon RDS Proxy.
    public static let rdsProxy = Upstream(.rdsProxy)
    /// pgpool-II.
    public static let pgpool = Upstream(.pgpool, .session)
    /// Odyssey in transaction mode.
    public static let odyssey = Upstream(.odyssey)
    /// PgCat in transaction mode.
    public static let pgcat = Upstream(.pgcat)
    /// PgDog in transaction mode.
    public static let pgdog = Upstream(.pgdog)
    /// Supavisor, the pooler of Supabase, in transaction mode.
    public static let supavisor = Upstream(.supavisor)
    /// A pooled endpoint of Neon.
    public static let neon = Upstream(.neon)

    /// The same pooler in another mode; a direct connection and RDS Proxy have none.
    public func pooling(_ pooling: Pooling) -> Upstream {
        guard kind != .direct, kind != .rdsProxy else { return self }
        return Upstream(kind, PoolingMode(rawValue: pooling.rawValue) ?? .transaction)
    }

    /// The same pooler in transaction mode, with prepared statements that it keeps for each of its clients: PgBouncer from 1.21
    /// on with `max_prepared_statements` above 0 (which it is by default from 1.24 on), Odyssey with
    /// `pool_reserve_prepared_statement`, PgCat with `prepared_statements_cache_size`, PgDog.
    ///
    /// PgBouncer up to 1.25 does not tell, nor do the others, so that without this nothing is prepared behind a pooler of transactions.
    /// What is prepared is run by its name outside of transactions only, where an error costs no more than another try. If a statement
    /// turns out not to be there, nothing is prepared any more, and an event says so. RDS Proxy, pgpool-II and a direct connection stay as
    /// they are.
    public func keepingPreparedStatements() -> Upstream {
        [.direct, .rdsProxy, .pgpool].contains(kind) ? self : Upstream(kind, .transaction, keepsStatements: true)
    }

    /// The name, as `VERNAL_UPSTREAM` takes it: `pgbouncer`; `pgbouncer:session` for another mode than the usual one; or
    /// `pgbouncer:prepared` for one that keeps prepared statements.
    public var description: String {
        if keepsStatements { return "\(kind.rawValue):prepared" }
        let isUsual = Self.usual.contains { $0.kind == kind && $0.mode == mode }
        return isUsual ? kind.rawValue : "\(kind.rawValue):\(mode.rawValue)"
    }

    private static let usual = [direct, pgbouncer, rdsProxy, pgpool, odyssey, pgcat, pgdog, supavisor, neon]

    /// All that `VERNAL_UPSTREAM` takes, with its name; the usual mode may be named, too.
    static let names: [(word: String, value: Upstream)] =
        usual.map { ($0.description, $0) }
        + usual.filter { $0.kind != .direct && $0.kind != .rdsProxy }.flatMap { upstream in
            Pooling.allCases.map { ("\(upstream.kind.rawValue):\($0.rawValue)", upstream.pooling($0)) }
        }
        + usual.map { $0.keepingPreparedStatements() }.filter(\.keepsStatements).map { ($0.description, $0) }
}

/// What is done about a statement that pins a proxy, or whose effect is lost or leaks behind a pooler.
public enum PinPolicy: String, Sendable, Hashable, CaseIterable {
    /// It is sent, and reported once for each place in the program.
    case warn
    /// It is not sent.
    case refuse
    /// It is sent.
    case allow
}

/// What an engine has found out about its upstream.
public struct UpstreamStatus: Sendable, Hashable, Codable {
    /// `direct`, `pgbouncer`, `rdsProxy`, `pgpool`, `odyssey`, `pgcat`, `pgdog`, `supavisor`, `neon`, `unknownPooler` or
    /// `unknown`.
    public let kind: String
    /// `session`, `transaction`, `statement`, `unknown` or `none`.
    public let mode: String
    /// From 0 to 1.
    public let confidence: Double
    /// What speaks for it, in words.
    public let evidence: [String]
    /// The rules that follow, in words.
    public let rules: [String]
    /// What the user says and what is seen do not go together.
    public let contradiction: String?

    package init(_ verdict: UpstreamVerdict, _ rules: UpstreamRules) {
        kind = verdict.kind.rawValue
        mode = verdict.mode.rawValue
        confidence = verdict.confidence
        evidence = verdict.reasons
        self.rules = rules.sentences(isContradicted: verdict.contradiction != nil)
        contradiction = verdict.contradiction
    }
}
