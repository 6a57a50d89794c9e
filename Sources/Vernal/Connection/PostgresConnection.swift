internal import InvocationLifecycle
package import LibpqIO
internal import Moments
package import PoolCore

/// A connection that is lent for as long as a closure runs.
///
/// It has one owner and is lent as `inout`, so the compiler sees to it that there is one conversation at a time and that
/// nobody keeps it: it cannot be captured by a task, stored, or used after it has gone back.
public struct PostgresConnection: ~Copyable, Sendable {
    package var link: LibpqConnection
    package let id: ConnectionID
    var limits: StatementLimits
    /// What the next caller must not find.
    var session: SessionState
    /// Whether the server ended the connection for a reason that is not this connection's alone, or is not the one that is
    /// wanted any more.
    var isSuspect = false
    /// Whether it is lent to a `NotificationStream`.
    var isListening = false
    /// What the server has prepared.
    var statements: StatementCache
    /// The beginning of a transaction, as long as it has not been sent.
    var opening: TransactionOpening?
    /// What holds for all connections of its pool.
    let rules: ConnectionRules
    /// When the connection was made.
    let openedAt: Moment
    /// When the server was sent something last, or earlier: kept only where the server ends sessions that rest.
    var lastSent: Moment

    init(
        _ link: consuming LibpqConnection,
        id: ConnectionID,
        rules: ConnectionRules
    ) {
        self.link = link
        self.id = id
        self.rules = rules
        limits = StatementLimits(rules)
        session = SessionState(rules.resetPolicy)
        openedAt = .now
        lastSent = openedAt
        statements = StatementCache(
            capacity: rules.statementCacheSize,
            // Where a pooler does not keep names apart, those of many clients meet: none may ever be taken for another's.
            id: .random(in: 0...UInt64.max)
        )
    }

    /// What is known of what is in between.
    var upstream: UpstreamWatch { rules.upstream }

    /// The server process that serves this connection, as the server announced it; 0 when it announced none.
    ///
    /// Behind a pooler it is made up by the pooler.
    public var backendPID: Int { Int(link.backendPID) }

    /// Counts the connections that have been opened in this one's place in the pool: a change means a new connection.
    public var epoch: Int { Int(id.serial) }

    /// The version of the server: 150018 is 15.18.
    public var serverVersion: Int { link.serverVersion }

    /// Whether the connection is encrypted.
    public var isEncrypted: Bool { link.isEncrypted }

    /// Whether a transaction is open.
    ///
    /// Known without a round trip.
    public var isInTransaction: Bool {
        if opening != nil { return true }
        switch link.transactionStatus {
        case .inTransaction, .inFailedTransaction: return true
        case .idle, .active, .unknown: return false
        }
    }

    /// How long ago the connection was made.
    public var age: Duration { .now - openedAt }

    /// A value that the server reports by itself when it changes, such as `server_version` or `TimeZone`; `nil` for all
    /// others.
    public func parameterStatus(_ name: String) -> String? { link.parameterStatus(name) }

    /// Runs a statement and returns its rows.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long it may take. It never takes longer than the invocation lasts, less the engine's margin.
    /// - Returns: the rows.
    /// - Throws: `VernalError`: `server` with the SQLSTATE when the server refuses the statement, after which the connection
    ///   can be used on (in a transaction: after a rollback); `timedOut` and `cancelled` after the server was
    ///   asked to give the statement up; `connectionLost`; `invalidParameter` before anything was sent.
    public mutating func query(_ query: SQLQuery, timeout: Duration? = nil) async throws -> Rows {
        Rows(try await run(query, timeout: timeout))
    }

    /// Runs a statement for its effect.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long it may take, as for `query`.
    /// - Returns: how many rows it affected.
    /// - Throws: as `query`.
    @discardableResult
    public mutating func execute(_ query: SQLQuery, timeout: Duration? = nil) async throws -> Int {
        try await run(query, timeout: timeout).cmdTuples
    }

    // In place, as what it calls before the statement is sent: each function that may suspend costs a frame of its own.
    @inline(__always)
    mutating func run(
        _ query: SQLQuery,
        timeout: Duration?,
        in invocation: InvocationDeadline? = .current
    ) async throws(VernalError) -> PGResultHandle {
        let sample = TextSample(query.text)
        let deadline = try await admit(query, sample: sample, timeout: timeout, in: invocation)
        let span = TraceSpan("query", statement: query.text)
        // The rules may have become stricter since the transaction was opened.
        if opening != nil, !upstream.allowsPipelining { try await sendOpening() }
        if opening != nil { return try await runFirst(query, until: deadline, span) }
        do throws(LibpqError) {
            let result = try await send(query, sample: sample, until: deadline)
            span.end()
            return result
        } catch {
            let failure = noted(error)
            span.end(failure)
            throw failure
        }
    }

    /// Looks at a statement before it is sent.
    ///
    /// - Parameters:
    ///   - query: the statement.
    ///   - sample: of its text, where that is known.
    ///   - timeout: how long it may take.
    ///   - invocation: whose time it takes.
    /// - Returns: when it has to be done.
    /// - Throws: `invalidParameter` or `misuse` when it is not to be sent.
    @inline(__always)
    mutating func admit(
        _ query: SQLQuery,
        sample: TextSample? = nil,
        timeout: Duration?,
        in invocation: InvocationDeadline? = .current
    ) async throws(VernalError) -> Moment? {
        try query.validated()
        if session.isWatched || statements.isOn || upstream.guardsStatements {
            let (traits, isDelicate) = upstream.look(at: query.text, sample: sample)
            session.willRun(traits)
            noteStatements(traits)
            if isDelicate, upstream.guardsStatements { try await keepRules(of: query.text) }
        }
        link.cancelTimeout = limits.cancelTimeout(in: invocation)
        noteSending()
        return limits.deadline(timeout, in: invocation)
    }

    /// The error of a statement, noted when it says something of the other connections as well.
    ///
    /// A connection that broke without a word counts, too: a crash and a failover look like that, and connecting anew costs less
    /// than a caller who stumbles.
    mutating func noted(_ error: LibpqError) -> VernalError {
        let failure = VernalError(statement: error)
        upstream.heard(error.server)
        upstream.heard(link.lastNotice, isNotice: true)
        if failure.code == .connectionLost, failure.sqlState?.endsAllConnections ?? true { isSuspect = true }
        // A server that was asked for to write, and has become a standby.
        if failure.sqlState == .readOnlyTransaction, rules.wantsWriter, parameterStatus("in_hot_standby") == "on" {
            isSuspect = true
        }
        return failure
    }
}
