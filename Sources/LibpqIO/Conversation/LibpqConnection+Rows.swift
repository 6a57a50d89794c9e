package import Moments

extension LibpqConnection {
    /// Sends a statement whose rows are wanted a few at a time.
    ///
    /// What has been begun has to be read to its end with `nextRows`, or ended with `abandon`.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - parameters: the values of `$1`, `$2`, ….
    ///   - rowsAtOnce: how many rows at most come in one result; before libpq 17 it is always one. The result is there when all of them
    ///     are, and those before an error are lost.
    ///   - deadline: when to give it up; `nil` waits for ever.
    /// - Throws: as `query`.
    package mutating func sendForRows(
        _ text: String,
        _ parameters: borrowing StatementParameters,
        rowsAtOnce: Int,
        until deadline: Moment?
    ) throws(LibpqError) {
        try checkBeforeSending(until: deadline)
        guard parameters.fitOneMessage else { throw Self.parametersTooLarge }
        guard handle.sendQueryParams(text, parameters, binary: true) else { throw sendFailure }
        _ = handle.setRowsMode(rowsAtOnce)
    }

    /// What has arrived already of the statement that was sent, without a look at the socket; `nil` when there is nothing.
    ///
    /// Most rows are there when they are asked for, so it is worth not being a call that may suspend. What is not of status `singleTuple` or
    /// `tuplesChunk` is the beginning of what `nextRows` reads.
    package mutating func arrivedRows() -> PGResultHandle? { handle.isBusy() ? nil : handle.getResult() }

    /// The next rows of the statement that was sent.
    ///
    /// The socket is read only when no row is there already, so a server that is quicker than its reader has to wait.
    ///
    /// - Parameters:
    ///   - first: what `arrivedRows` has returned, unless it was rows.
    ///   - deadline: when to give the statement up; `nil` waits for ever.
    /// - Returns: a result of status `singleTuple` or `tuplesChunk`; or, when there are no more rows, one of status `tuplesOK` or
    ///   `commandOK` without rows, after which the connection is free.
    /// - Throws: as `query`; the answer has been read to its end, if it came to one.
    package mutating func nextRows(
        after first: consuming PGResultHandle? = nil,
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        var last = Answer()
        var arrived = first
        while handle.flush() == .wouldBlock {
            try await proceed(.readOrWrite, until: deadline)
        }
        while true {
            while arrived == nil, handle.isBusy(), handle.isOK {
                try await proceed(.read, until: deadline)
            }
            guard let result = arrived.take() ?? handle.getResult() else { break }
            switch result.status {
            case .singleTuple, .tuplesChunk:
                return result
            case .tuplesOK, .commandOK, .emptyQuery:
                last.result = consume result
            case .copyIn, .copyOut, .copyBoth:
                // Its data would have to be read before anything else comes.
                await abandon()
                throw last.error ?? Self.unexpectedCopy(result.status)
            default:
                last.error = last.error ?? error(of: result)
            }
        }
        if let error = last.error { throw withFate(error) }
        guard let result = last.result.take() else { throw lost(statementWasSent: true) }
        return result
    }

    /// Waits for the socket and reads what there is.
    ///
    /// - Throws: `timedOut` or `cancelled`, after the server was asked to give the statement up.
    mutating func proceed(_ interest: SocketInterest, until deadline: Moment?) async throws(LibpqError) {
        var gaveUp = deadline.map { $0 <= .now } == true ? GaveUp.timedOut : nil
        if gaveUp == nil { gaveUp = await wait(interest, until: deadline, true) }
        if let gaveUp {
            await abandon(patience: .zero)
            throw Self.gaveUp(gaveUp)
        }
        // A connection that broke still has what the server said before: the results tell.
        _ = handle.consumeInput()
    }

    /// The error, which is one of the connection when that is gone.
    ///
    /// Some poolers call an error fatal and keep the connection; so what counts is whether it is gone.
    func withFate(_ error: LibpqError) -> LibpqError {
        var error = error
        if error.code == .server, error.server?.isFatal == true, !handle.isOK { error.code = .connectionLost }
        return error
    }

    static let parametersTooLarge = LibpqError(
        .unsupported,
        "the parameters have 1 GiB or more, which PostgreSQL does not take in one statement"
    )
}
