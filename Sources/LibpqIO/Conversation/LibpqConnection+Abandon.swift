internal import Moments

extension LibpqConnection {
    /// How long to read on in the hope that little is left, before the server is asked to stop.
    ///
    /// A cancel takes a connection of its own, which costs a server more than a few thousand rows.
    package static let usualPatience = Duration.milliseconds(10)

    /// Ends what runs on the connection and whose answer nobody wants any more.
    ///
    /// If little is left, that is read and dropped. Otherwise the server is asked to give the statement up, and its answer is
    /// waited for within `cancelTimeout`.
    ///
    /// - Parameter patience: how long to read before the server is asked to stop, which in a transaction costs all of it.
    /// - Returns: whether the answer is complete; if not, the connection is not to be used any more.
    @discardableResult
    package mutating func abandon(patience: Duration = usualPatience) async -> Bool {
        let limit = Moment.now + cancelTimeout
        if await dropAnswer(until: min(limit, .now + patience)) { return true }
        guard cancelTimeout > .zero, await requestCancel(until: limit) else { return false }
        return await dropAnswer(until: limit)
    }

    /// Reads an answer to its end without keeping anything.
    ///
    /// - Returns: whether it came to its end in time.
    private mutating func dropAnswer(until limit: Moment) async -> Bool {
        while true {
            while handle.flush() == .wouldBlock {
                guard await more(.readOrWrite, until: limit) else { return false }
            }
            while handle.isBusy(), handle.isOK {
                guard await more(.read, until: limit) else { return false }
            }
            guard let result = handle.getResult() else { return true }
            switch result.status {
            case .copyIn, .copyBoth:
                guard handle.putCopyEnd(Self.copyGivenUp) else { return false }
            case .copyOut:
                while true {
                    let progress = handle.skipCopyData()
                    if progress == .done || progress == .wouldBlock && !handle.isOK { break }
                    // The time is looked at for each message: they may come without end and without a wait.
                    guard limit > .now else { return false }
                    if progress == .wouldBlock, await !more(.read, until: limit) { return false }
                }
            default: break
            }
        }
    }

    /// Waits for more of the answer and reads it into libpq's memory.
    ///
    /// - Returns: `false` when the time is over. A connection that broke is no reason to stop: the results tell.
    private mutating func more(_ interest: SocketInterest, until limit: Moment) async -> Bool {
        // A socket that is always ready is never found to be late.
        guard limit > .now, await wait(interest, until: limit, false) == nil else { return false }
        _ = handle.consumeInput()
        return true
    }

    /// What the server is told of a copy that is not to be completed; it becomes part of its error.
    static let copyGivenUp = "the client gave the copy up"
}
