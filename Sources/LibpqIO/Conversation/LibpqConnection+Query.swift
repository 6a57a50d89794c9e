package import Moments

extension LibpqConnection {
    /// Runs one statement over the extended protocol.
    ///
    /// When the deadline passes or the task is cancelled on the way, the server is asked to give the statement up, and its
    /// answer is waited for within `cancelTimeout`. If the statement turns out to be finished, that is what the
    /// caller gets: it has happened.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - parameters: the values of `$1`, `$2`, ….
    ///   - binary: whether the result comes in binary format, or as text.
    ///   - deadline: when to give it up; `nil` waits for ever.
    ///   - isCancellable: whether the cancellation of the task ends it. Work that is not the caller's says no.
    /// - Returns: the result.
    /// - Throws: `server` when the server refused the statement (the connection stays usable unless the transaction status
    ///   says otherwise), `timedOut`, `cancelled`, `connectionLost`, `unsupported`.
    package mutating func query(
        _ text: String,
        _ parameters: borrowing StatementParameters,
        binary: Bool = true,
        until deadline: Moment?,
        isCancellable: Bool = true
    ) async throws(LibpqError) -> PGResultHandle {
        if isCancellable { try checkBeforeSending(until: deadline) }
        guard parameters.fitOneMessage else { throw Self.parametersTooLarge }
        guard handle.sendQueryParams(text, parameters, binary: binary) else { throw sendFailure }
        return try await answer(until: deadline, isCancellable: isCancellable)
    }

    /// Runs a command without parameters, such as `BEGIN`, over the simple protocol: the fewest messages there are.
    ///
    /// - Parameters:
    ///   - text: the command.
    ///   - deadline: when to give it up; `nil` waits for ever.
    ///   - isCancellable: whether the cancellation of the task ends it. Clean-up work says no.
    /// - Throws: as `query`.
    package mutating func command(
        _ text: String,
        until deadline: Moment?,
        isCancellable: Bool = true
    ) async throws(LibpqError) {
        _ = try await simpleQuery(text, until: deadline, isCancellable: isCancellable)
    }

    /// Asks over the simple protocol, for consoles that know no other; the result is text.
    ///
    /// - Throws: as `query`.
    package mutating func simpleQuery(
        _ text: String,
        until deadline: Moment?,
        isCancellable: Bool = true
    ) async throws(LibpqError) -> PGResultHandle {
        if isCancellable { try checkBeforeSending(until: deadline) }
        guard handle.sendQuery(text) else { throw sendFailure }
        return try await answer(until: deadline, isCancellable: isCancellable)
    }

    /// Asks the server for a sign of life: one round trip, no work.
    ///
    /// - Throws: as `query`; whatever it is, the connection is not to be used any more.
    package mutating func ping(until deadline: Moment, isCancellable: Bool = true) async throws(LibpqError) {
        try await command("", until: deadline, isCancellable: isCancellable)
    }

    /// Refuses what can come to nothing.
    ///
    /// - Throws: `cancelled`, `timedOut`, or `unsupported` when another statement is still under way.
    package func checkBeforeSending(until deadline: Moment?) throws(LibpqError) {
        if CurrentTask.isCancelled {
            throw LibpqError(.cancelled, "the task was cancelled before the statement was sent")
        }
        if let deadline, deadline <= .now {
            throw LibpqError(.timedOut, "the deadline had passed before the statement was sent")
        }
        // In pipeline mode libpq would take it, and nobody would ever be answered.
        if handle.transactionStatus == .active {
            throw LibpqError(
                .unsupported,
                "the connection is still busy with a statement that was given up: use another one"
            )
        }
    }

    /// What has been read of the answer to a statement.
    struct Answer: ~Copyable {
        var result: PGResultHandle?
        /// The first error: a pooler says what is wrong and then closes, and the second error only says that it closed.
        var error: LibpqError?
    }

    /// Reads the whole answer to what was sent.
    @inline(__always)
    mutating func answer(
        until deadline: Moment?,
        isCancellable: Bool
    ) async throws(LibpqError) -> PGResultHandle {
        var answer = Answer()
        if let gaveUp = await read(&answer, until: deadline, isCancellable: isCancellable) {
            try await giveUp(&answer, because: gaveUp)
        }
        if let error = answer.error { throw withFate(error) }
        guard let result = answer.result.take() else { throw lost(statementWasSent: true) }
        return result
    }

    /// Sends what is left to send and reads until the answer is complete.
    ///
    /// - Returns: why it stopped before that; `nil` when the answer is complete.
    @inline(__always)
    mutating func read(
        _ answer: inout Answer,
        until deadline: Moment?,
        isCancellable: Bool
    ) async -> GaveUp? {
        if handle.flush() == .wouldBlock, let gaveUp = await sendRest(until: deadline, isCancellable) { return gaveUp }
        while true {
            while handle.isBusy() {
                if let gaveUp = await wait(.read, until: deadline, isCancellable) { return gaveUp }
                // A connection that broke still has what the server said before: the results tell.
                guard handle.consumeInput() else { break }
            }
            guard let result = handle.getResult() else { return nil }
            switch result.status {
            case .commandOK, .tuplesOK, .emptyQuery, .singleTuple, .tuplesChunk:
                answer.result = consume result
            case .copyIn, .copyOut, .copyBoth:
                answer.error = answer.error ?? Self.unexpectedCopy(result.status)
                _ = await abandon()
                return nil
            default:
                if answer.error == nil { answer.error = error(of: result) }
            }
        }
    }

    /// Sends what the socket did not take at once.
    ///
    /// - Returns: why it stopped before that.
    mutating func sendRest(until deadline: Moment?, _ isCancellable: Bool) async -> GaveUp? {
        repeat {
            // A server that stops reading until its own output is read would otherwise wait for us as we do for it.
            if let gaveUp = await wait(.readOrWrite, until: deadline, isCancellable) { return gaveUp }
            guard handle.consumeInput() else { break }
        } while handle.flush() == .wouldBlock
        return nil
    }

    @inline(__always)
    mutating func wait(
        _ interest: SocketInterest,
        until deadline: Moment?,
        _ isCancellable: Bool
    ) async -> GaveUp? {
        let reason = await waiter.wait(
            for: handle.socket,
            interest,
            until: deadline,
            pace: &pace,
            isCancellable: isCancellable
        )
        return switch reason {
        case .ready: nil
        case .timedOut: .timedOut
        case .cancelled: .cancelled
        }
    }

    /// Has the server stop and reads what it says to that.
    ///
    /// - Throws: the reason for giving up, unless the statement was finished or failed by itself.
    private mutating func giveUp(_ answer: inout Answer, because reason: GaveUp) async throws(LibpqError) {
        let limit = Moment.now + cancelTimeout
        // With no time to wait for the effect, the connection is lost anyway: no thread and no connect for that.
        let wasDelivered = cancelTimeout > .zero ? await requestCancel(until: limit) : false
        let isComplete = wasDelivered ? await read(&answer, until: limit, isCancellable: false) == nil : false
        if isComplete, answer.error?.server?.sqlState != "57014" { return }
        throw Self.gaveUp(reason)
    }

    static func gaveUp(_ reason: GaveUp) -> LibpqError {
        switch reason {
        case .timedOut:
            LibpqError(.timedOut, "the deadline passed while the statement ran", statementWasSent: true)
        case .cancelled:
            LibpqError(.cancelled, "the task was cancelled while the statement ran", statementWasSent: true)
        }
    }

    func error(of result: borrowing PGResultHandle) -> LibpqError {
        guard let message = result.serverMessage else { return lost(statementWasSent: true) }
        return LibpqError(.server, message.message, server: message, statementWasSent: true)
    }

    /// libpq took nothing of the statement.
    var sendFailure: LibpqError {
        if handle.isOK { return LibpqError(.unsupported, Self.singleLine(handle.errorMessage)) }
        return lost(statementWasSent: false)
    }

    func lost(statementWasSent: Bool) -> LibpqError {
        let message =
            if let farewell = handle.farewell {
                "the server ended the connection: \(farewell.message)"
            } else {
                "the connection was lost: \(Self.singleLine(handle.errorMessage))"
            }
        return LibpqError(
            .connectionLost,
            message,
            server: handle.farewell,
            statementWasSent: statementWasSent
        )
    }

    private static func singleLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: " ")
    }
}
