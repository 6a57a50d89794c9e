internal import LibpqIO
internal import Moments

extension PostgresConnection {
    /// Runs a statement and lends its rows to a closure one by one, as they arrive.
    ///
    /// The memory that it takes does not depend on the number of rows. A closure that returns or throws before the last row ends the
    /// statement: if little is left it is read and dropped, otherwise the server is asked to give the statement up.
    ///
    /// While the closure runs the connection belongs to the stream, and the compiler refuses to use it for something else.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long all of it may take, with what the closure does in between. It never takes longer than the invocation lasts,
    ///     less the engine's margin.
    ///   - rowsAtOnce: How many rows come together, from libpq 17 on; before, it is always one. Default 1. Several are quicker where
    ///     rows are small and many; but the first one comes when all of them are there, and if the statement fails, those that
    ///     came with the error are lost.
    ///   - body: What is done with the rows. It runs once the statement has its first row, or its end.
    /// - Returns: what the closure returned.
    /// - Throws: `invalidParameter` when `rowsAtOnce` is less than 1; as `query`, before the closure runs or out of
    ///   `RowStream.next()`; what the closure threw; `transactionAborted` when
    ///   the closure returned before the last row and the transaction was lost by that (so much was left that the
    ///   server had to give the statement up: use `LIMIT`, or a cursor).
    public mutating func stream<R>(
        _ query: SQLQuery,
        timeout: Duration? = nil,
        rowsAtOnce: Int = 1,
        _ body: (inout RowStream) async throws -> R
    ) async throws -> R {
        guard (1...Int(Int32.max)).contains(rowsAtOnce) else {
            throw VernalError(.invalidParameter, "rowsAtOnce is \(rowsAtOnce): it has to be from 1 to \(Int32.max)")
        }
        let deadline = try await admit(query, timeout: timeout)
        try await sendOpening()
        let wasInTransaction = link.transactionStatus == .inTransaction
        let span = TraceSpan("query", statement: query.text)
        do throws(LibpqError) {
            try link.sendForRows(query.text, query.parameters, rowsAtOnce: rowsAtOnce, until: deadline)
        } catch {
            let failure = noted(error)
            span.end(failure)
            throw failure
        }
        var rows = RowStream(self, until: deadline)
        let outcome: Result<R, any Error>
        do {
            try await rows.begin()
            outcome = .success(try await body(&rows))
        } catch {
            outcome = .failure(error)
        }
        let isOpen = rows.isOpen
        self = rows.finish()
        if isOpen { await abandon(wasInTransaction: wasInTransaction) }
        span.end(outcome.failure as? VernalError)
        let result = try outcome.get()
        if isOpen { try checkTransactionSurvived(wasInTransaction) }
        return result
    }

    /// Tells of a transaction that was lost because somebody did not read to the end.
    func checkTransactionSurvived(_ wasInTransaction: Bool) throws(VernalError) {
        guard wasInTransaction else { return }
        switch link.transactionStatus {
        // Of a connection that broke, the next statement tells.
        case .idle, .inTransaction, .unknown: return
        // Of one that is still busy nothing can be had any more, and the connection is closed when it goes back.
        case .inFailedTransaction, .active: break
        }
        throw VernalError(
            .transactionAborted,
            "a closure returned before the end of its rows, and so much was left that the server had to give the statement "
                + "up, which ends its transaction: ask for fewer rows (LIMIT), or use a cursor"
        )
    }

    /// Ends what runs and whose answer nobody wants any more.
    ///
    /// If that does not succeed in time the connection is closed when it goes back.
    mutating func abandon(wasInTransaction: Bool) async {
        // A cancel costs the transaction, so that more is read before.
        let patience = wasInTransaction ? limits.cancelTimeout() / 2 : LibpqConnection.usualPatience
        link.cancelTimeout = limits.cancelTimeout()
        await link.abandon(patience: patience)
    }
}

extension Result {
    var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
