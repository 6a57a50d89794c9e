package import InvocationLifecycle
internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

/// A pool of connections to one database, made for processes that come and go.
///
/// Making one opens nothing. A connection is opened when one is needed, kept for the next invocation, checked before it
/// is lent again, and given up when it is too old. Nothing runs in the background, so being frozen at any
/// moment does no harm.
public final class Engine: Sendable {
    /// The name under which `getEngine(_:)` finds it; `nil` for the engine without a name, and for those made by hand.
    public let name: String?
    /// What is wrong with the configuration: then nothing is asked of the pool, which has another one.
    private let problem: VernalError?
    /// Apart from the problem, because a lease retains and releases what it has to take out of a `Result`.
    private let uncheckedPool: ConnectionPool
    /// Hears of the life of the process on behalf of the engine.
    package let participant: any InvocationParticipant

    /// Makes an engine.
    ///
    /// Nothing is opened, and a wrong configuration shows when the engine is used first.
    ///
    /// - Parameters:
    ///   - configuration: Where the database is, and the numbers of the pool.
    ///   - hooks: What the program adds to the work of the engine.
    public convenience init(configuration: EngineConfiguration, hooks: EngineHooks = EngineHooks()) {
        self.init(name: nil, hooks: hooks) { configuration }
    }

    init(name: String?, hooks: EngineHooks, _ configuration: () throws(VernalError) -> EngineConfiguration) {
        self.name = name
        var checked = EngineConfiguration()
        do throws(VernalError) {
            let wanted = try configuration()
            try wanted.validate()
            checked = wanted
            problem = nil
        } catch {
            problem = error
        }
        uncheckedPool = ConnectionPool(checked, name: name, hooks: hooks)
        participant = EngineParticipant(problem.map { .failure($0) } ?? .success(uncheckedPool))
        ParticipantRegistry.shared.register(participant)
    }

    /// The pool, when the configuration could be read.
    var pool: Result<ConnectionPool, VernalError> {
        if let problem { .failure(problem) } else { .success(uncheckedPool) }
    }

    /// The configuration, when it could be read.
    public var configuration: EngineConfiguration? { try? pool.get().configuration }

    /// Lends a connection to a closure.
    ///
    /// The connection goes back when the closure is done, however it ends; a transaction that is still open is rolled back.
    ///
    /// - Parameters:
    ///   - acquireTimeout: How long to wait for the connection; `nil` takes the configured one.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: The work.
    /// - Returns: what the closure returned.
    /// - Throws: `VernalError` when there is no connection to be had: `poolExhausted`, `tooManyWaiters`, `connectFailed`,
    ///   `authenticationFailed`, `throttled`, `timedOut`, `cancelled`, `poolClosed`, `configuration`, `hookFailed`; `misuse` when
    ///   this task holds all connections of the pool already; and what the closure threw.
    @discardableResult
    public func withConnection<R>(
        acquireTimeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        let site = CallSite(fileID: fileID, line: line)
        return try await withConnection(acquireTimeout: acquireTimeout, at: site, body)
    }

    /// Lends a connection to a closure, in a transaction: committed when the closure returns, rolled back when it throws.
    ///
    /// - Parameters:
    ///   - options: How the transaction is opened.
    ///   - acquireTimeout: How long to wait for the connection; `nil` takes the configured one.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: The work.
    /// - Returns: what the closure returned.
    /// - Throws: as `withConnection` and `PostgresConnection.withTransaction`.
    @discardableResult
    public func withTransaction<R>(
        _ options: TransactionOptions = TransactionOptions(),
        acquireTimeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        let site = CallSite(fileID: fileID, line: line)
        return try await withConnection(acquireTimeout: acquireTimeout, at: site) { connection in
            try await connection.withTransaction(options, body)
        }
    }

    /// Runs a statement on a connection of the pool and returns its rows.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long the statement may take, once there is a connection.
    ///   - isRepeatable: Whether it does no harm to run the statement twice: then it is run again, once, when the connection was
    ///     lost while it ran. A statement that was not sent is run again in any case.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    /// - Returns: the rows.
    /// - Throws: as `withConnection` and `PostgresConnection.query`.
    public func query(
        _ query: SQLQuery,
        timeout: Duration? = nil,
        isRepeatable: Bool = false,
        fileID: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Rows {
        let site = CallSite(fileID: fileID, line: line)
        // Asked for once, for the acquire and for the statement.
        let invocation = InvocationDeadline.current
        return try await replaying(isRepeatable, at: site, in: invocation) { connection in
            Rows(try await connection.run(query, timeout: timeout, in: invocation))
        }
    }

    /// Runs a statement on a connection of the pool for its effect.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long the statement may take, once there is a connection.
    ///   - isRepeatable: Whether it does no harm to run the statement twice, as for `query`.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    /// - Returns: how many rows it affected.
    /// - Throws: as `withConnection` and `PostgresConnection.query`.
    @discardableResult
    public func execute(
        _ query: SQLQuery,
        timeout: Duration? = nil,
        isRepeatable: Bool = false,
        fileID: StaticString = #fileID,
        line: Int = #line
    ) async throws -> Int {
        let site = CallSite(fileID: fileID, line: line)
        let invocation = InvocationDeadline.current
        return try await replaying(isRepeatable, at: site, in: invocation) { connection in
            try await connection.run(query, timeout: timeout, in: invocation).cmdTuples
        }
    }

    // In place, as what it calls: each function that may suspend costs a frame of its own.
    @inline(__always)
    func withConnection<R>(
        acquireTimeout: Duration? = nil,
        at site: CallSite,
        in invocation: InvocationDeadline? = .current,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        if let problem { throw problem }
        let pool = uncheckedPool
        let request = pool.request(from: site, timeout: acquireTimeout, in: invocation)
        let connection: BoxedConnection
        if let fresh = pool.acquireAtOnce(request) {
            connection = fresh
        } else {
            connection = try await pool.acquire(request)
        }
        return try await pool.lend(connection, to: body)
    }

    /// A connection can die between the look at it and the send.
    ///
    /// If nothing of the statement left the process, it cannot have been run, so it is run on another connection.
    ///
    /// Nothing is called for it: a closure that is handed on takes a copy of the query along, each time.
    @inline(__always)
    package func replaying<R>(
        _ isRepeatable: Bool,
        at site: CallSite,
        in invocation: InvocationDeadline? = .current,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        var mayRepeat = true
        while true {
            do {
                return try await withConnection(at: site, in: invocation, body)
            } catch let error as VernalError where error.code == .connectionLost && mayRepeat {
                guard isRepeatable || !error.statementWasSent else { throw error }
                mayRepeat = false
            }
        }
    }

    /// What the connections are doing at this moment.
    public var status: EngineStatus {
        guard let pool = try? pool.get() else { return EngineStatus() }
        return EngineStatus(pool.shared.withLock { $0.state.snapshot })
    }

    /// What happens in the engine, from now on.
    ///
    /// A listener that is slow misses the oldest events once 256 wait for it. The sequence ends when the engine is disposed of.
    public var events: AsyncStream<EngineEvent> {
        guard let pool = try? pool.get() else { return AsyncStream { $0.finish() } }
        return pool.events.stream()
    }

    /// The pool at this moment, and what has happened in it.
    public var statistics: EngineStatistics {
        guard let pool = try? pool.get() else { return EngineStatistics() }
        return pool.shared.withLock { EngineStatistics($0.state.snapshot, resets: $0.resets) }
    }

    /// Ends the engine: those who wait for a connection are told at once, idle connections are closed, and connections
    /// in use are closed when they come back.
    ///
    /// Nothing can be run on it afterwards. Doing it twice does no harm.
    ///
    /// - Parameter grace: How long to wait for the connections in use. Before it is over, what still runs is cancelled, and at its end
    ///   what is left is cut. Default 5 s.
    public func dispose(grace: Duration = .seconds(5)) async {
        ParticipantRegistry.shared.deregister(participant)
        guard let pool = try? pool.get() else { return }
        await pool.shutDown(until: .now + grace)
    }
}
