package import Moments

extension LibpqConnection {
    /// How the commands were sent whose answer has not been read yet.
    enum Reset: Sendable {
        case text, flight
    }

    /// Sends commands that clean the session, and does not wait for the answer.
    ///
    /// The server works while nobody wants the connection, and lets go of locks at once; the answer is read before the
    /// next use, and costs that use no round trip.
    ///
    /// - Parameter commands: one text; or two or more statements, each of which is a command of its own: `DISCARD ALL` refuses to be
    ///   one of several in a text.
    /// - Returns: whether the commands were taken; if not, the connection is not to be used any more.
    package mutating func sendReset(_ commands: [String]) -> Bool {
        if commands.count == 1 {
            guard handle.sendQuery(commands[0]) else { return false }
        } else {
            do throws(LibpqError) { try launch(commands.map { PipelinedStatement($0) }) } catch { return false }
        }
        guard handle.flush() == .done else { return false }
        reset = commands.count == 1 ? .text : .flight
        return true
    }

    /// Whether a reset was sent whose answer has not been read yet.
    package var isResetUnderWay: Bool { reset != nil }

    /// Reads the answer to a reset, if one was sent; then the session is clean and the connection usable.
    ///
    /// - Parameter deadline: when to give it up.
    /// - Throws: why the connection is not to be used any more; with the `statementIndex` of the command that failed, if there were
    ///   several.
    package mutating func finishReset(until deadline: Moment) async throws(LibpqError) {
        guard let sent = reset.take() else { return }
        // Nobody waits for a cancelled reset: the connection is closed instead.
        cancelTimeout = .zero
        // An answer that has been there for long says nothing of how far away the server is.
        let known = pace
        defer { pace = known }
        switch sent {
        case .text: _ = try await answer(until: deadline, isCancellable: false)
        case .flight: try await land(until: deadline, isCancellable: false) { _, _ in }
        }
        guard transactionStatus == .idle else {
            throw LibpqError(.unsupported, "the commands left a transaction open", statementWasSent: true)
        }
    }
}
