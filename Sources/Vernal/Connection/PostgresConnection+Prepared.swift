internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Sends a statement as it costs least: prepared, when it has come before.
    mutating func send(_ query: SQLQuery, until deadline: Moment?) async throws(LibpqError) -> PGResultHandle {
        switch await use(of: query) {
        case .plain:
            return try await link.query(query.text, query.parameters, until: deadline)
        case .prepared(let name):
            return try await running(query, until: deadline) { (link) throws(LibpqError) in
                try await link.query(prepared: name, query.parameters, until: deadline)
            }
        case .prepare(let name, let forget):
            return try await running(query, until: deadline) { (link) throws(LibpqError) in
                try await link.query(
                    query.text,
                    query.parameters,
                    preparing: name,
                    forgetting: forget,
                    until: deadline
                )
            }
        }
    }

    /// A statement is about to be run: some have the server forget what it has prepared.
    mutating func noteStatements(_ traits: StatementTraits) {
        if !traits.isDisjoint(with: [.discard, .sqlPrepare]) { statements.forgetAll() }
    }

    /// How to send a statement.
    ///
    /// Preparing is only worth anything, and only does no harm, where a session is one's own. If that is not known, the server is
    /// asked, once in the life of the process.
    private mutating func use(of query: SQLQuery) async -> StatementCache.Use {
        guard statements.isOn else { return .plain }
        let use = statements.willRun(query.text, types: query.parameters.types, mayForget: !isInTransaction)
        guard case .prepare = use, !upstream.allowsNamedStatements else { return use }
        if upstream.takesProbe() { await probe() }
        guard !upstream.allowsNamedStatements else { return use }
        // Not asked again on this connection.
        statements.turnOff()
        return .plain
    }

    /// Runs a prepared statement, and runs it as it is when the server does not know it any more, or its result has another shape.
    private mutating func running(
        _ query: SQLQuery,
        until deadline: Moment?,
        _ body: (inout LibpqConnection) async throws(LibpqError) -> PGResultHandle
    ) async throws(LibpqError) -> PGResultHandle {
        do {
            return try await body(&link)
        } catch {
            guard let state = error.server?.sqlState, Self.staleness.contains(state) else {
                // Whether it was prepared is not known of all errors: it comes as a new one.
                statements.forget(query.text)
                throw error
            }
            statements.forgetAll()
            // Nothing was run; but in a transaction the error has ended that.
            guard link.transactionStatus == .idle else { throw error }
            return try await link.query(query.text, query.parameters, until: deadline)
        }
    }

    /// The errors that come before anything was run: the cached plan has another result type (0A000), no such statement (26000),
    /// a name that is taken (42P05).
    ///
    /// Source: PostgreSQL, "PostgreSQL Error Codes".
    private static let staleness: Set<String> = ["0A000", "26000", "42P05"]
}
