extension UpstreamRules {
    /// The rules that follow from a verdict.
    package init(for verdict: UpstreamVerdict) {
        self =
            switch (verdict.kind, verdict.mode) {
            // Most connections look direct at first; that is not enough to leave a session to others as it is.
            case (.direct, _): verdict.confidence < UpstreamDetector.sufficientConfidence ? .unknown : .direct
            case (.rdsProxy, _): .rdsProxy
            case (_, .statement): .statementPooler
            case (.unknown, _): .unknown
            case (_, .session): .sessionPooler(verdict.kind)
            default: .transactionPooler(verdict.kind)
            }
        if verdict.keepsStatements, verdict.mode == .transaction, verdict.kind != .rdsProxy {
            namedStatements = .yes
            keepsStatements = true
        }
    }

    private init() {
        allowsStartupOptions = false
        allowsStartupParameters = false
        namedStatements = .no
        allowsReset = false
        allowsCancel = true
        pipelining = .dependsOnVersion
        allowsTransactions = true
        longestIdle = nil
        longestLife = nil
        keepsIdleConnections = true
        forbidden = []
        allowedInTransaction = []
    }

    /// PostgreSQL: all is allowed, and an idle connection costs a slot.
    private static var direct: UpstreamRules {
        var rules = UpstreamRules()
        rules.allowsStartupOptions = true
        rules.allowsStartupParameters = true
        rules.namedStatements = .yes
        rules.allowsReset = true
        rules.allowsIdleSessionTimeout = true
        rules.pipelining = .yes
        rules.keepsIdleConnections = false
        return rules
    }

    /// A server connection of one's own for as long as the client is connected, which holds a slot of the database.
    private static func sessionPooler(_ kind: UpstreamKind) -> UpstreamRules {
        var rules = direct
        rules.allowsStartupOptions = kind == .neon
        rules.allowsStartupParameters = false
        // The pooler keeps the session for the next client.
        rules.allowsIdleSessionTimeout = false
        // Supavisor knows named statements only behind a switch of its operator's.
        rules.namedStatements = kind == .supavisor ? .dependsOnVersion : .yes
        return rules
    }

    /// The strictest that still opens transactions, for lack of better knowledge: PostgreSQL itself could be behind it.
    private static var unknown: UpstreamRules {
        var rules = transactionPooler(.unknown)
        rules.keepsIdleConnections = false
        return rules
    }

    private static func transactionPooler(_ kind: UpstreamKind) -> UpstreamRules {
        var rules = UpstreamRules()
        rules.namedStatements =
            switch kind {
            case .pgbouncer, .neon, .odyssey, .pgcat, .pgdog, .supavisor: .dependsOnVersion
            default: .no
            }
        rules.pipelining =
            switch kind {
            case .pgbouncer, .neon, .odyssey, .supavisor: .yes
            default: .dependsOnVersion
            }
        rules.forbid([.sessionSetting, .sessionAdvisoryLock, .temporaryObject, .load], .leaks)
        rules.forbid([.sqlPrepare, .listen, .holdCursor, .cursor, .sequenceMemory, .discard, .endsBackends], .breaks)
        rules.forbid([.temporaryObjectOfTransaction], .breaks)
        // Within a transaction the server connection stays the same.
        rules.allowedInTransaction = [.cursor, .temporaryObjectOfTransaction, .sequenceMemory]
        switch kind {
        case .pgbouncer, .neon, .odyssey, .pgdog: break
        default: rules.forbid([.reportedSetting], .leaks)
        }
        // PgDog keeps what is set for each client, and holds the connection while there is a lock.
        if kind == .pgdog { rules.permit([.sessionSetting, .sessionAdvisoryLock, .discard]) }
        return rules
    }

    private static var statementPooler: UpstreamRules {
        var rules = transactionPooler(.unknownPooler)
        rules.allowsTransactions = false
        rules.forbid([.transactionControl, .tableLock, .localSetting], .breaks)
        rules.allowedInTransaction = []
        return rules
    }

    /// Amazon RDS User Guide, "Avoiding pinning an RDS Proxy" and "Overview of RDS Proxy", with the limits that it gives for
    /// clients: half an hour idle, 24 hours in all.
    private static var rdsProxy: UpstreamRules {
        var rules = UpstreamRules()
        rules.allowsCancel = false
        // The extended protocol is multiplexed since November 2023; the names of statements are kept apart for each client.
        rules.namedStatements = .yes
        rules.longestIdle = .seconds(25 * 60)
        rules.longestLife = .seconds(23 * 3600)
        rules.forbid(
            [
                .sessionSetting, .reportedSetting, .sqlPrepare, .listen, .sessionAdvisoryLock, .temporaryObject,
                .temporaryObjectOfTransaction, .cursor, .holdCursor, .sequence, .discard, .load, .oversized,
            ],
            .pins
        )
        rules.forbid([.sequenceMemory, .endsBackends], .breaks)
        return rules
    }

    private mutating func forbid(_ traits: StatementTraits, _ how: SessionHarm) {
        forbidden.formUnion(traits)
        harm.set(traits, to: how)
    }

    private mutating func permit(_ traits: StatementTraits) {
        forbidden.subtract(traits)
        harm.set(traits, to: nil)
    }
}

extension UpstreamRules {
    /// The rules as sentences, for a person.
    ///
    /// - Parameter isContradicted: whether what the user says and what is seen do not go together. Then nobody is asked to say more.
    /// - Returns: one sentence for each rule.
    package func sentences(isContradicted: Bool = false) -> [String] {
        var sentences = [
            allowsStartupOptions
                ? "startup options (-c name=value) may be sent" : "no startup options: the upstream would refuse them",
            "statements prepared under a name: \(preparing(isContradicted: isContradicted))",
            allowsReset ? "a session can be reset with DISCARD ALL" : "no DISCARD, no session SET on return",
            allowsCancel
                ? "statements can be cancelled" : "no cancel: a statement that takes too long costs its connection",
            "pipelining: \(words(pipelining))",
        ]
        if !allowsTransactions { sentences.append("no transactions: each statement is on its own") }
        if guardsStatements {
            let names = forbidden.elements.compactMap { PinAdvice.name(of: $0) }
            sentences.append("warned of before they are sent: \(names.joined(separator: ", "))")
        }
        if let longestIdle { sentences.append("connections are given up after \(minutes(longestIdle)) of rest") }
        if let longestLife { sentences.append("connections are replaced after \(minutes(longestLife))") }
        if keepsIdleConnections {
            sentences.append("a small pool is enough: what it has more than the pooler only waits there")
        }
        sentences.append(
            keepsIdleConnections
                ? "idle connections are kept while the process is frozen: they cost the database nothing"
                : "idle connections hold a slot of the database: they are given back when slots are scarce"
        )
        return sentences
    }

    /// Whether statements are prepared: what is allowed may still not be done.
    private func preparing(isContradicted: Bool) -> String {
        if preparesStatements { return forgetsStatements ? "yes" : "yes, outside of transactions" }
        guard namedStatements == .dependsOnVersion, !isContradicted else { return "no" }
        let hint = ", unless you say so (VERNAL_UPSTREAM=pgbouncer:prepared, with the pooler's own name)"
        return words(namedStatements) + (forgetsStatements ? "" : hint)
    }

    private func words(_ allowance: Allowance) -> String {
        switch allowance {
        case .yes: "yes"
        case .no: "no"
        case .dependsOnVersion: "only with some versions and settings of the pooler, so no"
        }
    }

    private func minutes(_ duration: Duration) -> String {
        let minutes = duration.components.seconds / 60
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes) min"
    }
}
