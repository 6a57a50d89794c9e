internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Runs several statements in one flight, so that all of them cost the round trip of one.
    ///
    /// ```swift
    /// let results = try await connection.pipeline {
    ///     "INSERT INTO orders (customer) VALUES (\(customer))"
    ///     for item in items { "INSERT INTO items (name) VALUES (\(item))" }
    ///     "SELECT count(*) FROM orders"
    /// }
    /// let count = try results[results.count - 1].value(as: Int.self)
    /// ```
    ///
    /// They take effect together or not at all: outside of a transaction they are one, unless some of them begin and end transactions themselves. When a statement fails, those behind it are not
    /// run. Behind a pooler that is not known to bear it, and wherever it is not known what is in between, they are sent
    /// one by one in a transaction, with the same results and more round trips.
    ///
    /// All results are kept, so it is for many small ones. `COPY` cannot be part of it.
    ///
    /// - Parameters:
    ///   - timeout: How long all of it may take. It never takes longer than the invocation lasts, less the engine's margin.
    ///   - statements: The statements; what is interpolated is bound as a parameter.
    /// - Returns: the rows of each statement, in their order.
    /// - Throws: as `query`; `statementIndex` of the error says which statement failed first.
    @discardableResult
    public mutating func pipeline(
        timeout: Duration? = nil,
        @PipelineBuilder _ statements: () throws -> [SQLQuery]
    ) async throws -> [Rows] {
        try await run(try statements(), timeout: timeout)
    }

    private mutating func run(_ queries: [SQLQuery], timeout: Duration?) async throws -> [Rows] {
        guard !queries.isEmpty else { return [] }
        var deadline: Moment?
        for (index, query) in queries.enumerated() {
            do throws(VernalError) {
                deadline = try await admit(query, timeout: timeout)
            } catch {
                throw placed(error, at: index, in: queries, isPart: isInTransaction)
            }
        }
        // Here the answer makes a difference.
        if !upstream.allowsPipelining, queries.count > 1, upstream.takesProbe() { await probe(until: deadline) }
        if upstream.allowsPipelining { return try await fly(queries, until: deadline) }
        if isInTransaction { return try await oneByOne(queries, until: deadline, inTransaction: true) }
        if queries.count == 1 { return try await oneByOne(queries, until: deadline, inTransaction: false) }
        return try await withTransaction { connection in
            try await connection.oneByOne(queries, until: deadline, inTransaction: false)
        }
    }

    /// In one flight, with the beginning of the transaction if that has not been sent.
    private mutating func fly(_ queries: [SQLQuery], until deadline: Moment?) async throws(VernalError) -> [Rows] {
        let wasInTransaction = isInTransaction
        let others = try openingStatements()
        let statements =
            others.map { PipelinedStatement($0) } + queries.map { PipelinedStatement($0.text, $0.parameters) }
        let span = TraceSpan("pipeline", statement: queries[0].text)
        var results: [Rows] = []
        results.reserveCapacity(queries.count)
        do throws(LibpqError) {
            try await link.pipeline(statements, until: deadline) { index, result in
                if index >= others.count { results.append(Rows(result)) }
            }
            opening = nil
            span.end()
            return results
        } catch {
            let failure = noted(error)
            if opening != nil { noteOpening(failure) }
            span.end(failure)
            let index = (error.statementIndex ?? 0) - others.count
            guard error.statementIndex != nil, index >= 0 else { throw failure }
            throw placed(failure, at: index, in: queries, isPart: wasInTransaction)
        }
    }

    /// One after the other: for upstreams that do not take several at once.
    ///
    /// - Parameters:
    ///   - queries: the statements.
    ///   - deadline: when all of them have to be done.
    ///   - isPart: whether the caller is in a transaction, of which they are a part.
    /// - Returns: the rows of each.
    /// - Throws: as `pipeline`.
    private mutating func oneByOne(
        _ queries: [SQLQuery],
        until deadline: Moment?,
        inTransaction isPart: Bool
    ) async throws -> [Rows] {
        let outer = limits.end
        if let deadline { limits.end = min(deadline, outer ?? deadline) }
        defer { limits.end = outer }
        var results: [Rows] = []
        for (index, query) in queries.enumerated() {
            do {
                results.append(try await self.query(query))
            } catch let error as VernalError {
                throw placed(error, at: index, in: queries, isPart: isPart)
            }
        }
        return results
    }

    /// An error, with its place in a pipeline and what became of the other statements.
    private func placed(_ error: VernalError, at index: Int, in queries: [SQLQuery], isPart: Bool) -> VernalError {
        // What commits on its own way has happened.
        let isWhole = !queries.contains { upstream.class(of: $0.text).traits.contains(.transactionControl) }
        return error.with { fields in
            guard fields.statementIndex == nil else { return }
            fields.statementIndex = index
            guard queries.count > 1 else { return }
            let place = "statement \(index + 1) of \(queries.count) of a pipeline"
            guard error.code == .server else { return fields.message = "\(fields.message) (\(place))" }
            let outcome = isPart ? ", which ends its transaction" : isWhole ? ", so that none of them took effect" : ""
            fields.message = place + " failed" + outcome
        }
    }
}
