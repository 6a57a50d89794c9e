package import Moments

/// A statement and its parameters, as part of a pipeline.
package struct PipelinedStatement: Sendable {
    enum Form: Sendable {
        case query
        /// Prepares the text under a name.
        case prepare(String)
        /// Runs what was prepared under a name.
        case execute(String)
    }

    package var text: String
    package var parameters: StatementParameters
    var form = Form.query

    package init(_ text: String, _ parameters: StatementParameters = StatementParameters()) {
        self.text = text
        self.parameters = parameters
    }
}

extension LibpqConnection {
    /// Runs several statements in one flight.
    ///
    /// All of them are sent before the first answer is read, with one `Sync` at their end. So they are one transaction, unless
    /// one is open already or they open one themselves: what follows a failed statement is not run, and what came before
    /// is undone.
    ///
    /// - Parameters:
    ///   - statements: the statements.
    ///   - deadline: when to give them up; `nil` waits for ever.
    ///   - take: is given each result, in the order of the statements.
    /// - Throws: as `query`, with the `statementIndex` of the first statement that failed.
    package mutating func pipeline(
        _ statements: [PipelinedStatement],
        until deadline: Moment?,
        _ take: (_ index: Int, consuming PGResultHandle) -> Void
    ) async throws(LibpqError) {
        try checkBeforeSending(until: deadline)
        for (index, statement) in statements.enumerated() where !statement.parameters.fitOneMessage {
            var error = Self.parametersTooLarge
            error.statementIndex = index
            throw error
        }
        try launch(statements)
        try await land(until: deadline, isCancellable: true, take)
    }

    /// Sends several statements, with one `Sync` at their end.
    ///
    /// - Throws: what libpq did not take.
    mutating func launch(_ statements: [PipelinedStatement]) throws(LibpqError) {
        guard handle.enterPipelineMode() else { throw sendFailure }
        var isSent = true
        for statement in statements where isSent {
            isSent = handle.send(statement)
        }
        guard isSent, handle.pipelineSync() else {
            // Nobody would answer what is there without a Sync.
            let error = sendFailure
            leave()
            throw error
        }
    }

    /// Reads the answers to what was launched.
    ///
    /// - Throws: as `pipeline`.
    mutating func land(
        until deadline: Moment?,
        isCancellable: Bool,
        _ take: (_ index: Int, consuming PGResultHandle) -> Void
    ) async throws(LibpqError) {
        var flight = Flight()
        if let gaveUp = await read(&flight, until: deadline, isCancellable: isCancellable, take) {
            try await giveUp(&flight, because: gaveUp, take)
        }
        // If libpq refuses, the connection was lost, and its status says so.
        _ = handle.exitPipelineMode()
        if var error = flight.error {
            error.statementIndex = flight.failed
            throw withFate(error)
        }
        guard flight.isComplete else { throw lost(statementWasSent: true) }
    }

    /// Runs a statement in one flight with others before it, whose results are dropped.
    ///
    /// - Returns: the result of the last one.
    /// - Throws: as `pipeline`.
    package mutating func query(
        _ text: String,
        _ parameters: StatementParameters,
        after others: [String],
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        try await last(
            of: others.map { PipelinedStatement($0) } + [PipelinedStatement(text, parameters)],
            until: deadline
        )
    }

    /// Runs several statements in one flight.
    ///
    /// - Returns: the result of the last one; the others are dropped.
    /// - Throws: as `pipeline`.
    mutating func last(
        of statements: [PipelinedStatement],
        until deadline: Moment?
    ) async throws(LibpqError) -> PGResultHandle {
        var last: PGResultHandle?
        try await pipeline(statements, until: deadline) { index, result in
            if index == statements.count - 1 { last = consume result }
        }
        guard let result = last.take() else { throw lost(statementWasSent: true) }
        return result
    }

    /// What has been read of the answers.
    fileprivate struct Flight {
        /// The statement whose answer comes next.
        var index = 0
        var error: LibpqError?
        /// The statement that failed.
        var failed: Int?
        /// Whether the answer to the `Sync` was read.
        var isComplete = false
    }

    /// Sends what is left to send and reads all answers.
    ///
    /// - Returns: why it stopped before that.
    private mutating func read(
        _ flight: inout Flight,
        until deadline: Moment?,
        isCancellable: Bool,
        _ take: (_ index: Int, consuming PGResultHandle) -> Void
    ) async -> GaveUp? {
        if handle.flush() == .wouldBlock, let gaveUp = await sendRest(until: deadline, isCancellable) { return gaveUp }
        while !flight.isComplete {
            while handle.isBusy(), handle.isOK {
                if let gaveUp = await wait(.read, until: deadline, isCancellable) { return gaveUp }
                // A connection that broke still has what the server said before: the results tell.
                guard handle.consumeInput() else { break }
            }
            guard let result = handle.getResult() else {
                // The end of one answer; on a lost connection there is no other.
                if !handle.isOK { return nil }
                flight.index += 1
                continue
            }
            switch result.status {
            case .commandOK, .tuplesOK, .emptyQuery:
                take(flight.index, result)
            case .pipelineSync:
                flight.isComplete = true
            case .pipelineAborted:
                break
            case .copyIn, .copyOut, .copyBoth:
                // libpq has no way out of it.
                flight.fail(with: Self.copyInPipeline)
                leave()
                return nil
            default:
                flight.fail(with: error(of: result))
            }
        }
        return nil
    }

    /// Has the server stop and reads what it says to that.
    ///
    /// - Throws: the reason for giving up, unless the statements were finished or one failed by itself.
    private mutating func giveUp(
        _ flight: inout Flight,
        because reason: GaveUp,
        _ take: (_ index: Int, consuming PGResultHandle) -> Void
    ) async throws(LibpqError) {
        let limit = Moment.now + cancelTimeout
        let wasDelivered = cancelTimeout > .zero ? await requestCancel(until: limit) : false
        let isRead = wasDelivered ? await read(&flight, until: limit, isCancellable: false, take) == nil : false
        if isRead, flight.error?.server?.sqlState != "57014" { return }
        if !handle.exitPipelineMode() {
            // In pipeline mode nothing else could be run on it.
            leave()
        }
        var error = Self.gaveUp(reason)
        error.statementIndex = flight.failed ?? flight.index
        throw error
    }

    private static let copyInPipeline = LibpqError(
        .unsupported,
        "COPY cannot be part of a pipeline: the connection was given up",
        statementWasSent: true
    )
}

extension LibpqConnection.Flight {
    fileprivate mutating func fail(with error: LibpqError) {
        guard self.error == nil else { return }
        self.error = error
        failed = index
    }
}
