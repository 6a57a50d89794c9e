package import Moments

/// Which way the data of a copy goes.
package enum CopyDirection: Sendable {
    /// `COPY … FROM STDIN`.
    case toServer
    /// `COPY … TO STDOUT`.
    case fromServer
}

/// What the server says of a copy before the data.
package struct CopyFormat: Sendable, Hashable {
    /// Whether the data is in binary format; CSV is text.
    package let isBinary: Bool
    /// The number of columns.
    package let columnCount: Int
    /// Whether the copy is part of a transaction.
    package let isInTransaction: Bool
}

extension LibpqConnection {
    /// The largest piece of data that is given to libpq at a time, which bounds the memory that it takes.
    private static let pieceSize = 128 * 1024
    /// How long a server has to say nothing more for what it said to be the end of the copy.
    ///
    /// Longer than the shortest retransmission of TCP.
    private static let quietTime = Duration.milliseconds(300)

    /// Starts a copy.
    ///
    /// Over the simple protocol: in the extended one the server and some poolers disagree about where a copy that failed ends.
    /// What has been begun has to be ended with `endCopy`, read to its end with `nextCopyData`, or ended with `abandon`.
    ///
    /// - Throws: as `query`; `unsupported` when the statement is no copy of this direction, after which the connection is free.
    package mutating func startCopy(
        _ text: String,
        _ direction: CopyDirection,
        until deadline: Moment?
    ) async throws(LibpqError) -> CopyFormat {
        try checkBeforeSending(until: deadline)
        let isInTransaction = transactionStatus == .inTransaction
        guard handle.sendQuery(text) else { throw sendFailure }
        while handle.flush() == .wouldBlock {
            try await proceed(.readOrWrite, until: deadline)
        }
        while handle.isBusy(), handle.isOK {
            try await proceed(.read, until: deadline)
        }
        guard let result = handle.getResult() else { throw lost(statementWasSent: true) }
        switch (result.status, direction) {
        case (.copyIn, .toServer), (.copyOut, .fromServer):
            return CopyFormat(
                isBinary: result.binaryTuples,
                columnCount: result.nfields,
                isInTransaction: isInTransaction
            )
        case (.copyIn, _), (.copyOut, _), (.copyBoth, _):
            let error = Self.unexpectedCopy(result.status)
            await abandon(patience: .zero)
            throw error
        case (.commandOK, _), (.tuplesOK, _), (.emptyQuery, _):
            await abandon()
            throw LibpqError(
                .unsupported,
                direction == .toServer
                    ? "the statement is no COPY … FROM STDIN (it was run all the same)"
                    : "the statement is no COPY … TO STDOUT (it was run all the same)",
                statementWasSent: true
            )
        default:
            let error = error(of: result)
            await abandon()
            throw withFate(error)
        }
    }

    // MARK: To the server

    /// Sends data, and waits until the socket has taken it.
    ///
    /// A server that has given the copy up meanwhile is heard before more is sent.
    ///
    /// - Throws: `server`, `timedOut`, `cancelled`, `connectionLost`; the copy has been ended then.
    package mutating func sendCopyData(_ bytes: [UInt8], until deadline: Moment?) async throws(LibpqError) {
        for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
            try await keepTime(until: deadline)
            try await hearServer(until: deadline)
            let piece = start..<min(start + Self.pieceSize, bytes.count)
            guard handle.putCopyData(bytes.span.extracting(piece)) else { throw await copyFailure(until: deadline) }
            while handle.flush() == .wouldBlock {
                try await pause(.readOrWrite, until: deadline)
                try await hearServer(until: deadline)
            }
        }
    }

    /// Ends the data.
    ///
    /// - Returns: how many rows the server took.
    /// - Throws: as `query`.
    package mutating func endCopy(until deadline: Moment?) async throws(LibpqError) -> Int {
        guard handle.putCopyEnd() else { throw await copyFailure(until: deadline) }
        return try await answer(until: deadline, isCancellable: true).cmdTuples
    }

    /// Finds out whether the server has given the copy up.
    ///
    /// libpq shows an error only when the data has ended; until then it shows notices only. So what makes the socket readable
    /// and is no notice is the error, unless it is the beginning of a notice whose rest is still on its way: the rest
    /// is waited for.
    private mutating func hearServer(until deadline: Moment?) async throws(LibpqError) {
        guard waiter.isReadable(handle.socket) else { return }
        let notices = handle.noticeCount
        while true {
            guard handle.consumeInput() else { throw await copyFailure(until: deadline) }
            // Looking at the state has libpq read the messages that it has.
            _ = handle.isBusy()
            if handle.noticeCount != notices { return }
            let quiet = Moment.now + Self.quietTime
            let limit = min(deadline ?? quiet, quiet)
            guard let gaveUp = await wait(.read, until: limit, true) else { continue }
            if gaveUp == .timedOut, limit == quiet { throw await copyFailure(until: deadline) }
            await abandon(patience: .zero)
            throw Self.gaveUp(gaveUp)
        }
    }

    /// Gives the copy up when its time is over, which no wait would tell while the socket takes all there is.
    private mutating func keepTime(until deadline: Moment?) async throws(LibpqError) {
        let isLate = deadline.map { $0 <= .now } ?? false
        guard isLate || CurrentTask.isCancelled else { return }
        await abandon(patience: .zero)
        throw Self.gaveUp(isLate ? .timedOut : .cancelled)
    }

    /// Waits for the socket.
    private mutating func pause(_ interest: SocketInterest, until deadline: Moment?) async throws(LibpqError) {
        try await keepTime(until: deadline)
        guard let gaveUp = await wait(interest, until: deadline, true) else { return }
        await abandon(patience: .zero)
        throw Self.gaveUp(gaveUp)
    }

    /// Ends a copy that the server has given up, or whose connection is lost, and reads why.
    private mutating func copyFailure(until deadline: Moment?) async -> LibpqError {
        guard handle.putCopyEnd(Self.copyGivenUp) else { return lost(statementWasSent: true) }
        let limit = Moment.now + cancelTimeout
        do throws(LibpqError) {
            _ = try await answer(until: min(deadline ?? limit, limit), isCancellable: false)
            return lost(statementWasSent: true)
        } catch {
            return error
        }
    }

    // MARK: From the server

    /// Appends data that has arrived to a buffer; waits for some if there is none.
    ///
    /// The socket is read only when nothing is there already.
    ///
    /// - Parameters:
    ///   - buffer: where the data goes; each message is appended as a whole, which is a row in most formats.
    ///   - size: how many bytes are enough.
    ///   - deadline: when to give the copy up; `nil` waits for ever.
    /// - Returns: how many rows there were in all, when the data is complete and the connection is free; else `nil`.
    /// - Throws: as `query`.
    package mutating func nextCopyData(
        appendingTo buffer: inout [UInt8],
        upTo size: Int,
        until deadline: Moment?
    ) async throws(LibpqError) -> Int? {
        while true {
            switch handle.getCopyData(appendingTo: &buffer) {
            case .data:
                if buffer.count >= size { return nil }
            case .wouldBlock where handle.isOK:
                if !buffer.isEmpty { return nil }
                try await proceed(.read, until: deadline)
            case .wouldBlock, .done:
                return try await answer(until: deadline, isCancellable: true).cmdTuples
            }
        }
    }

    /// The error of a copy where none was asked for, or of the other direction.
    static func unexpectedCopy(_ status: ExecStatus) -> LibpqError {
        LibpqError(
            .unsupported,
            status == .copyOut
                ? "COPY … TO STDOUT answers with data: run it with copyOut"
                : "COPY … FROM STDIN wants data: run it with copyIn or copyRows",
            statementWasSent: true
        )
    }
}
