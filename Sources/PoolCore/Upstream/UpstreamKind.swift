/// What answers under the address of the database.
package enum UpstreamKind: String, Sendable, Hashable, CaseIterable {
    /// PostgreSQL itself, or something that only passes bytes on.
    case direct
    case pgbouncer, rdsProxy, pgpool, odyssey, pgcat, pgdog, supavisor, neon
    /// A pooler of which nothing more is known.
    case unknownPooler
    /// Anything.
    case unknown
}

/// For how long a client has a server connection of its own.
package enum PoolingMode: String, Sendable, Hashable, CaseIterable {
    /// There is no pooler.
    case none
    /// For as long as the client is connected.
    case session
    /// For a transaction.
    case transaction
    /// For a statement: transactions cannot be opened at all.
    case statement
    case unknown
}

/// What is believed of the upstream, and why.
package struct UpstreamVerdict: Sendable, Hashable {
    package var kind: UpstreamKind
    package var mode: PoolingMode
    /// From 0 (nothing is known) to 1 (the user says so).
    package var confidence: Double
    /// What speaks for it, in words.
    package var reasons: [String]
    /// Whether this is not a database but the console in which an administrator gives orders to a pooler.
    package var isAdminConsole = false
    /// Whether the user says that the pooler keeps prepared statements for each of its clients.
    package var keepsStatements = false
    /// What the user says and what is seen do not go together: a warning, and the stricter of the two was taken.
    package var contradiction: String?

    package init(
        _ kind: UpstreamKind,
        _ mode: PoolingMode,
        confidence: Double,
        reasons: [String] = []
    ) {
        self.kind = kind
        self.mode = mode
        self.confidence = confidence
        self.reasons = reasons
    }

    /// How much the engine has to hold back: the larger, the more.
    ///
    /// RDS Proxy comes first, because it takes away what other poolers share; then the less of a session the client has.
    package var strictness: Int {
        switch (kind, mode) {
        case (.rdsProxy, _): 5
        case (_, .statement): 4
        case (.direct, _): 0
        case (_, .session): 1
        case (.unknown, _), (_, .unknown): 3
        case (_, .transaction): 2
        case (_, .none): 3
        }
    }
}
