package import Moments

extension LibpqConnection {
    /// Runs a statement that the server has prepared.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - parameters: the values of `$1`, `$2`, …, of the types for which it was prepared.
    ///   - deadline: when to give it up; `nil` waits for ever.
    /// - Returns: the result.
    /// - Throws: as `query`.
    package mutating func query(
        prepared name: String,
        _ parameters: borrowing StatementParameters,
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        try checkBeforeSending(until: deadline)
        guard parameters.fitOneMessage else { throw Self.parametersTooLarge }
        guard handle.sendQueryPrepared(name, parameters, binary: true) else { throw sendFailure }
        return try await answer(until: deadline, isCancellable: true)
    }

    /// Prepares a statement and runs it, in one flight.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - parameters: the values of `$1`, `$2`, ….
    ///   - name: the name under which it is prepared.
    ///   - names: what the server prepared before and can forget.
    ///   - deadline: when to give it up; `nil` waits for ever.
    /// - Returns: the result.
    /// - Throws: as `pipeline`; the statement is the last of the flight.
    package mutating func query(
        _ text: String,
        _ parameters: StatementParameters,
        preparing name: String,
        forgetting names: [String],
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        var prepare = PipelinedStatement(text, parameters)
        prepare.form = .prepare(name)
        var execute = prepare
        execute.form = .execute(name)
        return try await last(
            of: names.map { PipelinedStatement("DEALLOCATE \($0)") } + [prepare, execute],
            until: deadline
        )
    }
}
