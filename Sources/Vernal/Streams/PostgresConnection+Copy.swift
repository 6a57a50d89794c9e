internal import LibpqIO
internal import Moments

extension PostgresConnection {
    /// Runs a `COPY … FROM STDIN` and sends the data that a closure writes.
    ///
    /// ```swift
    /// let rows = try await connection.copyIn("COPY users (id, name) FROM STDIN (FORMAT csv)") { data in
    ///     for try await piece in file { try await data.write(piece) }
    /// }
    /// ```
    ///
    /// When the closure throws, the server is told to give the copy up: no row of it stays, and the connection can be used on (in a
    /// transaction: after a rollback). While the closure runs the connection belongs to the copy.
    ///
    /// - Parameters:
    ///   - statement: The statement. PostgreSQL takes no parameters in it; names are written `\(identifier: name)`.
    ///   - timeout: How long all of it may take, with what the closure does in between. It never takes longer than the invocation lasts,
    ///     less the engine's margin.
    ///   - body: Writes the data.
    /// - Returns: how many rows the server took.
    /// - Throws: as `query`; what the closure threw; `misuse` when the statement is another one.
    @discardableResult
    public mutating func copyIn(
        _ statement: SQLQuery,
        timeout: Duration? = nil,
        _ body: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        let (format, deadline) = try await startCopy(statement, .toServer, timeout: timeout)
        var writer = CopyWriter(self, columnCount: format.columnCount, until: deadline)
        var thrown: (any Error)?
        do {
            try await body(&writer)
            try await writer.flush()
        } catch {
            thrown = error
        }
        let failure = writer.failure
        self = writer.finish()
        if let thrown {
            // What the server gave up itself has ended already.
            if failure == nil { await abandon(wasInTransaction: false) }
            throw thrown
        }
        // The closure may have swallowed it.
        if let failure { throw failure }
        do throws(LibpqError) {
            return try await link.endCopy(until: deadline)
        } catch {
            throw noted(error)
        }
    }

    /// Copies rows into a table: the quickest way to insert many.
    ///
    /// ```swift
    /// try await connection.copyRows(into: "users", ["id", "name"]) { rows in
    ///     for user in users { try await rows.write(user.id, user.name) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - table: The table, as in a statement; a name that needs quotes is written `"\(identifier: "schema", "table")"`.
    ///   - columns: The names of the columns, in the order in which their values are written; empty for all.
    ///   - timeout: How long all of it may take, as for `copyIn`.
    ///   - body: Writes the rows.
    /// - Returns: how many rows the server took.
    /// - Throws: as `copyIn`.
    @discardableResult
    public mutating func copyRows(
        into table: SQLQuery,
        _ columns: [String] = [],
        timeout: Duration? = nil,
        _ body: (inout CopyRowWriter) async throws -> Void
    ) async throws -> Int {
        let names: [SQLQuery] = columns.map { "\(identifier: $0)" }
        let list: SQLQuery = names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"
        return try await copyIn("COPY \(table)\(list) FROM STDIN", timeout: timeout) { writer in
            var rows = CopyRowWriter(writer)
            do {
                try await body(&rows)
            } catch {
                writer = rows.finish()
                throw error
            }
            writer = rows.finish()
        }
    }

    /// Runs a `COPY … TO STDOUT` and lends the data to a closure, as it arrives.
    ///
    /// A closure that returns or throws before the end of the data ends the copy, as with `stream`. While the closure runs the
    /// connection belongs to the copy.
    ///
    /// - Parameters:
    ///   - statement: The statement. PostgreSQL takes no parameters in it; names are written `\(identifier: name)`.
    ///   - timeout: How long all of it may take, as for `copyIn`.
    ///   - body: Reads the data.
    /// - Returns: what the closure returned.
    /// - Throws: as `query`; what the closure threw; `misuse` when the statement is another one; `transactionAborted` as `stream`.
    public mutating func copyOut<R>(
        _ statement: SQLQuery,
        timeout: Duration? = nil,
        _ body: (inout CopyReader) async throws -> R
    ) async throws -> R {
        let (format, deadline) = try await startCopy(statement, .fromServer, timeout: timeout)
        let wasInTransaction = format.isInTransaction
        var reader = CopyReader(self, format, until: deadline)
        let outcome: Result<R, any Error>
        do {
            outcome = .success(try await body(&reader))
        } catch {
            outcome = .failure(error)
        }
        let isOpen = reader.isOpen
        self = reader.finish()
        if isOpen { await abandon(wasInTransaction: wasInTransaction) }
        let result = try outcome.get()
        if isOpen { try checkTransactionSurvived(wasInTransaction) }
        return result
    }

    private mutating func startCopy(
        _ statement: SQLQuery,
        _ direction: CopyDirection,
        timeout: Duration?
    ) async throws(VernalError) -> (CopyFormat, Moment?) {
        guard statement.parameters.count == 0 else {
            throw VernalError(
                .invalidParameter,
                "COPY takes no parameters: write names as \\(identifier: name), and stream a query if a value has to be bound"
            )
        }
        let deadline = try await admit(statement, timeout: timeout)
        try await sendOpening()
        let span = TraceSpan("query", statement: statement.text)
        do throws(LibpqError) {
            let format = try await link.startCopy(statement.text, direction, until: deadline)
            span.end()
            return (format, deadline)
        } catch {
            let failure = noted(error)
            span.end(failure)
            throw failure
        }
    }
}
