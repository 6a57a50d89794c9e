internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Sends a statement as it costs least: prepared, when it has come before.
    @inline(__always)
    mutating func send(
        _ query: SQLQuery,
        sample: TextSample,
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        switch use(for: query, sample) {
        case .plain:
            return try await link.query(query.text, query.parameters, until: deadline)
        case .prepared(let name):
            do {
                return try await link.query(prepared: name, query.parameters, until: deadline)
            } catch {
                return try await runAnew(query, after: error, until: deadline)
            }
        case .prepare(let name, let forget):
            return try await prepare(query, as: name, forgetting: forget, until: deadline)
        }
    }

    /// What to do with a statement that is about to be run.
    private mutating func use(for query: SQLQuery, _ sample: TextSample) -> StatementCache.Use {
        let upstream = upstream
        guard statements.isOn, upstream.mayAllowNamedStatements else { return .plain }
        let isInTransaction = isInTransaction
        let use = statements.willRun(
            query.text,
            sample: sample,
            signature: query.parameters.signature,
            // What can be asked in a transaction may not be enough to find out.
            mayPrepare: !isInTransaction || upstream.allowsNames(inTransaction: true),
            mayForget: !isInTransaction && upstream.forgetsStatements
        )
        // The rules have become stricter since, or there is a transaction that an error would end.
        if case .prepared = use, !upstream.allowsNames(inTransaction: isInTransaction) { return .plain }
        return use
    }

    /// Prepares a statement, if that may be, and runs it.
    private mutating func prepare(
        _ query: SQLQuery,
        as name: String,
        forgetting names: [String],
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        guard await mayPrepare(query.text, until: deadline) else {
            statements.notForgotten(names)
            return try await link.query(query.text, query.parameters, until: deadline)
        }
        do {
            return try await link.query(
                query.text,
                query.parameters,
                preparing: name,
                forgetting: names,
                until: deadline
            )
        } catch {
            // Unless it came to be run, there may be nothing under that name.
            if error.statementIndex.map({ $0 <= names.count }) ?? true { statements.forget(query.text) }
            if !error.statementWasSent { statements.notForgotten(names) }
            return try await runAnew(query, after: error, until: deadline)
        }
    }

    /// Whether a statement that comes again is prepared.
    ///
    /// It is only worth anything for what the server plans. All else may not even run in one flight with others: `VACUUM` does not, nor
    /// does a procedure that commits. And it only does no harm where a session is one's own: if that is not known, the server is
    /// asked, once in the life of the process.
    private mutating func mayPrepare(_ text: String, until deadline: Moment?) async -> Bool {
        guard upstream.isWorthPreparing(text) else {
            statements.leaveAlone(text)
            return false
        }
        if upstream.allowsNamedStatements { return true }
        if upstream.takesProbe() { await probe(until: deadline) }
        if !upstream.allowsNamedStatements { statements.forget(text) }
        return upstream.allowsNamedStatements
    }

    /// Runs a statement as it is when the server does not know any more what it has prepared, or its result has another shape.
    private mutating func runAnew(
        _ query: SQLQuery,
        after error: LibpqError,
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        // What a function raises has a context; these come before anything was run.
        guard let server = error.server, let state = server.sqlState, server.context == nil,
            Self.staleness.contains(state)
        else { throw error }
        // A pooler prepares equal texts once for all: under a new name there is the same plan again.
        let isShared = !upstream.forgetsStatements
        switch state {
        case "26000": statements.forgetAll()
        case "0A000" where isShared:
            statements.giveUpForGood(query.text)
            upstream.givesUpPreparing(query.text)
        case "0A000": statements.giveUp(query.text)
        default: statements.forget(query.text)
        }
        if isShared, state != "0A000" { upstream.lostStatement(state) }
        // Nothing was run; but in a transaction the error has ended that, and some poolers end the connection.
        guard link.isIdle else { throw error }
        return try await link.query(query.text, query.parameters, until: deadline)
    }

    /// A statement is about to be run: some have the server forget what it has prepared.
    mutating func noteStatements(_ traits: StatementTraits) {
        if traits.intersects(.unprepares) { statements.forgetAll() }
    }

    /// The errors that come before anything was run: the cached plan has another result type (0A000), no such statement (26000),
    /// a name that is taken (42P05).
    ///
    /// Source: PostgreSQL, "PostgreSQL Error Codes".
    private static let staleness: Set<String> = ["0A000", "26000", "42P05"]
}
