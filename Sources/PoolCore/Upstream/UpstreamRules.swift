/// What may be done with a connection, and for how long it may be kept.
///
/// The table behind it is that of the poolers' own documentation. Where it says nothing, the answer is no.
package struct UpstreamRules: Sendable, Hashable {
    /// Whether something may be done.
    package enum Allowance: Int, Sendable, Hashable, Comparable {
        case no
        /// Only with a version or a setting of the pooler that it does not tell.
        case dependsOnVersion
        case yes

        package static func < (left: Allowance, right: Allowance) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whether `options=-c …` may be in the startup packet.
    package var allowsStartupOptions: Bool
    /// Whether other parameters may be in it than `user`, `database`, `application_name` and `client_encoding`.
    package var allowsStartupParameters: Bool
    /// Whether statements may be prepared under a name with the protocol's `Parse`.
    package var namedStatements: Allowance
    /// Whether the user says that the pooler keeps what is prepared for each of its clients.
    package var keepsStatements = false
    /// Whether the session can be cleaned with `DISCARD ALL`.
    package var allowsReset: Bool
    /// Whether the server can be told to end a session that rests: nobody else has it, now or later.
    package var allowsIdleSessionTimeout = false
    /// Whether a statement can be cancelled.
    package var allowsCancel: Bool
    /// Whether several statements may be on their way at once.
    package var pipelining: Allowance
    /// Whether a transaction can be opened.
    package var allowsTransactions: Bool
    /// How long a connection may be idle; `nil`: the proxy sets no limit.
    package var longestIdle: Duration?
    /// How old a connection may become; `nil`: the proxy sets no limit.
    package var longestLife: Duration?
    /// Whether idle connections cost the database nothing, so that they are kept while the process is frozen.
    package var keepsIdleConnections: Bool
    /// What a statement must not do.
    package var forbidden: StatementTraits
    /// Of that, what it may do in a transaction.
    package var allowedInTransaction: StatementTraits
    /// What happens when it does.
    package internal(set) var harm = HarmTable()

    /// Whether statements have to be looked at before they are sent.
    package var guardsStatements: Bool { !forbidden.isEmpty }

    /// Whether statements that come again are prepared.
    ///
    /// The server has to be told which of them it can forget, and a proxy that takes `DEALLOCATE` amiss would be pinned by that.
    /// A pooler that keeps the statements of each client has its servers forget those that were not used for long. It keeps the names for
    /// as long as the client is connected, so that `StatementCache` sets a bound to them.
    package var preparesStatements: Bool { namedStatements == .yes && (forgetsStatements || keepsStatements) }

    /// Whether the server can be told with `DEALLOCATE` which statements it can forget.
    package var forgetsStatements: Bool { !forbidden.contains(.sqlPrepare) }

    /// What a statement does that it must not.
    package func breaches(_ traits: StatementTraits, inTransaction: Bool) -> StatementTraits {
        let breaches = traits.intersection(forbidden)
        return inTransaction ? breaches.subtracting(allowedInTransaction) : breaches
    }

    /// The stricter of two sets of rules, rule by rule.
    ///
    /// What is learnt later may only take away.
    package func stricter(with other: UpstreamRules) -> UpstreamRules {
        var rules = self
        rules.allowsStartupOptions = allowsStartupOptions && other.allowsStartupOptions
        rules.allowsStartupParameters = allowsStartupParameters && other.allowsStartupParameters
        rules.namedStatements = min(namedStatements, other.namedStatements)
        rules.keepsStatements = keepsStatements && other.keepsStatements
        rules.allowsReset = allowsReset && other.allowsReset
        rules.allowsIdleSessionTimeout = allowsIdleSessionTimeout && other.allowsIdleSessionTimeout
        rules.allowsCancel = allowsCancel && other.allowsCancel
        rules.pipelining = min(pipelining, other.pipelining)
        rules.allowsTransactions = allowsTransactions && other.allowsTransactions
        rules.longestIdle = [longestIdle, other.longestIdle].compactMap(\.self).min()
        rules.longestLife = [longestLife, other.longestLife].compactMap(\.self).min()
        // Not a matter of strictness: the later verdict knows better.
        rules.keepsIdleConnections = other.keepsIdleConnections
        // Allowed in a transaction is what neither forbids there.
        let forbiddenThere = forbidden.subtracting(allowedInTransaction)
            .union(other.forbidden.subtracting(other.allowedInTransaction))
        rules.forbidden = forbidden.union(other.forbidden)
        rules.allowedInTransaction = rules.forbidden.subtracting(forbiddenThere)
        rules.harm = harm.worse(with: other.harm)
        return rules
    }
}

/// What happens when a statement does something, by what it does.
///
/// A set for each harm, and not a dictionary: to find out how a type of ours is hashed costs a process more than all its rules when it
/// starts.
package struct HarmTable: Sendable, Hashable {
    private var pinning: StatementTraits = []
    private var breaking: StatementTraits = []
    private var leaking: StatementTraits = []

    /// The harm of one trait; `nil` when there is none.
    package subscript(trait: StatementTraits) -> SessionHarm? {
        if leaking.contains(trait) { return .leaks }
        if breaking.contains(trait) { return .breaks }
        return pinning.contains(trait) ? .pins : nil
    }

    /// All of these traits do that harm, or none.
    mutating func set(_ traits: StatementTraits, to harm: SessionHarm?) {
        pinning.subtract(traits)
        breaking.subtract(traits)
        leaking.subtract(traits)
        switch harm {
        case .pins: pinning.formUnion(traits)
        case .breaks: breaking.formUnion(traits)
        case .leaks: leaking.formUnion(traits)
        case nil: break
        }
    }

    /// The worse of two harms, trait by trait.
    func worse(with other: HarmTable) -> HarmTable {
        var table = HarmTable()
        // The later ones win.
        table.set(pinning.union(other.pinning), to: .pins)
        table.set(breaking.union(other.breaking), to: .breaks)
        table.set(leaking.union(other.leaking), to: .leaks)
        return table
    }
}

/// What becomes of the state of a session that is shared with others.
package enum SessionHarm: Int, Sendable, Hashable, Comparable {
    /// The proxy gives the client a server connection of its own from now on.
    case pins
    /// It does not work, or only now and then.
    case breaks
    /// It stays behind in a server connection that somebody else gets.
    case leaks

    package static func < (left: SessionHarm, right: SessionHarm) -> Bool { left.rawValue < right.rawValue }
}
