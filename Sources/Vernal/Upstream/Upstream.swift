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

    private init(_ kind: UpstreamKind, _ mode: PoolingMode = .transaction) {
        self.kind = kind
        self.mode = mode
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

    /// The name, as `VERNAL_UPSTREAM` takes it: `pgbouncer`, or `pgbouncer:session` for another mode than the usual one.
    public var description: String {
        let isUsual = Self.usual.contains { $0.kind == kind && $0.mode == mode }
        return isUsual ? kind.rawValue : "\(kind.rawValue):\(mode.rawValue)"
    }

    private static let usual = [direct, pgbouncer, rdsProxy, pgpool, odyssey, pgcat, pgdog, supavisor, neon]

    /// All that `VERNAL_UPSTREAM` takes, by name.
    static let all =
        usual
        + usual.flatMap { upstream in
            Pooling.allCases.map { upstream.pooling($0) }.filter { $0 != upstream }
        }
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
        self.rules = rules.sentences
        contradiction = verdict.contradiction
    }
}
