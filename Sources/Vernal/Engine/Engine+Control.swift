internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

// What an operator does with a pool.

extension Engine {
    /// Lends a connection to a closure if there is one to be had at once: an idle one, or one that may be opened now.
    ///
    /// - Parameters:
    ///   - acquireTimeout: How long a connect may take; `nil` takes the configured time.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: The work.
    /// - Returns: what the closure returned; `nil` when the caller would have had to wait for somebody else.
    /// - Throws: as `withConnection`. Only when the idle connection turns out to be dead, and no other may be opened at once,
    ///   does it wait like that.
    @discardableResult
    public func tryWithConnection<R>(
        acquireTimeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R? {
        let pool = try pool.get()
        let site = CallSite(fileID: fileID, line: line)
        let connection = try await pool.tryAcquire(pool.request(from: site, timeout: acquireTimeout))
        guard let connection else { return nil }
        return try await pool.lend(connection, to: body)
    }

    /// Replaces all connections: idle ones are closed now, those in use when they come back.
    ///
    /// For a password that was changed, or a server that was moved.
    public func invalidateAll() {
        guard let pool = try? pool.get() else { return }
        pool.close { $0.invalidateAll() }
        pool.events.emit(.invalidated) { $0.reason = "it was asked for" }
    }

    /// Changes the size of the pool: surplus idle connections are closed now, those in use when they come back.
    ///
    /// - Parameters:
    ///   - poolSize: How many connections are kept. From 1 to 1,000.
    ///   - maxOverflow: How many more may be open for a moment; `nil` leaves it as it is.
    /// - Throws: `VernalError` with the code `configuration` when a number is wrong.
    public func resize(poolSize: Int, maxOverflow: Int? = nil) throws {
        let pool = try pool.get()
        var wanted = pool.configuration
        wanted.poolSize = poolSize
        if let maxOverflow { wanted.maxOverflow = maxOverflow }
        try wanted.validate()
        pool.close { $0.resize(size: wanted.poolSize, maxOverflow: maxOverflow ?? $0.limits.maxOverflow) }
    }

    /// Lends and opens nothing for a while, as during a failover.
    ///
    /// Callers wait, each within its own time limit.
    ///
    /// - Parameter duration: After this the pause ends by itself.
    public func pause(for duration: Duration) {
        guard let pool = try? pool.get() else { return }
        pool.close { state in
            state.pauseRequested(now: .now, until: .now + duration)
            return []
        }
    }

    /// Ends a pause, and serves those who waited for that.
    public func resume() {
        guard let pool = try? pool.get() else { return }
        pool.close { state in
            state.resumeRequested()
            return []
        }
    }

    /// Opens connections until there are `minConnections`, for a process that has time before its first invocation.
    ///
    /// It keeps the connect throttle's rate; what that does not allow now is opened when it is needed.
    ///
    /// - Parameter timeout: How long it may take. Default 5 s.
    /// - Throws: as `withConnection` when a connect fails.
    public func warmUp(timeout: Duration = .seconds(5)) async throws {
        let pool = try pool.get()
        try await pool.fill(AcquireRequest(until: .now + timeout, from: CallSite()))
    }
}
