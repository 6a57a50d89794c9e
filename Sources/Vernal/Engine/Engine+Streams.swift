extension Engine {
    /// Runs a statement on a connection of the pool and lends its rows to a closure one by one, as they arrive.
    ///
    /// The memory that it takes does not depend on the number of rows; see `PostgresConnection.stream`.
    ///
    /// - Parameters:
    ///   - query: The statement; what is interpolated is bound as a parameter.
    ///   - timeout: How long all of it may take, once there is a connection.
    ///   - rowsAtOnce: How many rows come together, from libpq 17 on. Default 1.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: What is done with the rows.
    /// - Returns: what the closure returned.
    /// - Throws: as `withConnection` and `PostgresConnection.stream`.
    public func stream<R>(
        _ query: SQLQuery,
        timeout: Duration? = nil,
        rowsAtOnce: Int = 1,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout RowStream) async throws -> R
    ) async throws -> R {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.stream(query, timeout: timeout, rowsAtOnce: rowsAtOnce, body)
        }
    }

    /// Runs a `COPY … FROM STDIN` on a connection of the pool; see `PostgresConnection.copyIn`.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - timeout: How long all of it may take, once there is a connection.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: Writes the data.
    /// - Returns: how many rows the server took.
    /// - Throws: as `withConnection` and `PostgresConnection.copyIn`.
    @discardableResult
    public func copyIn(
        _ statement: SQLQuery,
        timeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.copyIn(statement, timeout: timeout, body)
        }
    }

    /// Copies rows into a table, on a connection of the pool; see `PostgresConnection.copyRows`.
    ///
    /// - Parameters:
    ///   - table: The table, as in a statement.
    ///   - columns: The names of the columns, in the order in which their values are written; empty for all.
    ///   - timeout: How long all of it may take, once there is a connection.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: Writes the rows.
    /// - Returns: how many rows the server took.
    /// - Throws: as `withConnection` and `PostgresConnection.copyRows`.
    @discardableResult
    public func copyRows(
        into table: SQLQuery,
        _ columns: [String] = [],
        timeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout CopyRowWriter) async throws -> Void
    ) async throws -> Int {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.copyRows(into: table, columns, timeout: timeout, body)
        }
    }

    /// Runs a `COPY … TO STDOUT` on a connection of the pool; see `PostgresConnection.copyOut`.
    ///
    /// - Parameters:
    ///   - statement: The statement.
    ///   - timeout: How long all of it may take, once there is a connection.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: Reads the data.
    /// - Returns: what the closure returned.
    /// - Throws: as `withConnection` and `PostgresConnection.copyOut`.
    public func copyOut<R>(
        _ statement: SQLQuery,
        timeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout CopyReader) async throws -> R
    ) async throws -> R {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.copyOut(statement, timeout: timeout, body)
        }
    }

    /// Runs several statements in one flight on a connection of the pool; see `PostgresConnection.pipeline`.
    ///
    /// - Parameters:
    ///   - timeout: How long all of it may take, once there is a connection.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - statements: The statements; what is interpolated is bound as a parameter.
    /// - Returns: the rows of each statement, in their order.
    /// - Throws: as `withConnection` and `PostgresConnection.pipeline`.
    @discardableResult
    public func pipeline(
        timeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        @PipelineBuilder _ statements: () throws -> [SQLQuery]
    ) async throws -> [Rows] {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.pipeline(timeout: timeout, statements)
        }
    }

    /// Listens to channels on a connection of the pool, for as long as a closure runs; see `PostgresConnection.listen`.
    ///
    /// The connection belongs to the listener all the time: give those who listen an engine of their own, with as many connections
    /// as there may be of them.
    ///
    /// - Parameters:
    ///   - channels: The names of the channels.
    ///   - timeout: How long to listen, once there is a connection.
    ///   - fileID: Where this is written, for the report of a leak.
    ///   - line: Where this is written, for the report of a leak.
    ///   - body: What is done with the notifications.
    /// - Returns: what the closure returned.
    /// - Throws: as `withConnection` and `PostgresConnection.listen`.
    public func listen<R>(
        to channels: [String],
        timeout: Duration? = nil,
        fileID: StaticString = #fileID,
        line: Int = #line,
        _ body: (inout NotificationStream) async throws -> R
    ) async throws -> R {
        try await withConnection(at: CallSite(fileID: fileID, line: line)) { connection in
            try await connection.listen(to: channels, timeout: timeout, body)
        }
    }
}
