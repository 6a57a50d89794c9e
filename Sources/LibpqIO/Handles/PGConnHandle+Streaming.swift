internal import CLibpq

// What libpq has for answers that are too large to be kept, for data that is copied, for statements in one
// flight, and for what comes without being asked for.

extension PGConnHandle {
    // MARK: Rows

    /// Has the rows of the statement that was just sent come a few at a time.
    ///
    /// The corresponding libpq function is `PQsetChunkedRowsMode`; before libpq 17 `PQsetSingleRowMode`, and the
    /// number is 1.
    mutating func setRowsMode(_ rows: Int) -> Bool {
        hasRowsMode = true
        return unsafe vernal_set_rows_mode(conn, Int32(rows)) == 1
    }

    // MARK: COPY

    /// Takes data to send, all or nothing; what the socket does not take at once stays in libpq's memory until `flush`.
    ///
    /// The corresponding libpq function is `PQputCopyData`.
    mutating func putCopyData(_ bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return unsafe PQputCopyData(conn, start.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1
        }
    }

    /// Ends the data.
    ///
    /// The corresponding libpq function is `PQputCopyEnd`.
    ///
    /// - Parameter failure: why the server is to give the copy up; `nil` when the data is complete.
    /// - Returns: whether libpq took it.
    mutating func putCopyEnd(_ failure: String? = nil) -> Bool {
        guard let failure else { return unsafe PQputCopyEnd(conn, nil) == 1 }
        return unsafe failure.withCString { unsafe PQputCopyEnd(conn, $0) == 1 }
    }

    /// Appends the next message of data to a buffer, if it has arrived.
    ///
    /// The corresponding libpq function is `PQgetCopyData`, which never waits here.
    mutating func getCopyData(appendingTo buffer: inout [UInt8]) -> CopyProgress {
        var message: UnsafeMutablePointer<CChar>?
        let count = unsafe PQgetCopyData(conn, &message, 1)
        guard count > 0, let start = unsafe message else { return count == 0 ? .wouldBlock : .done }
        unsafe buffer.append(contentsOf: UnsafeRawBufferPointer(start: start, count: Int(count)))
        unsafe PQfreemem(start)
        return .data
    }

    /// Reads the next message of data and drops it.
    mutating func skipCopyData() -> CopyProgress {
        var message: UnsafeMutablePointer<CChar>?
        let count = unsafe PQgetCopyData(conn, &message, 1)
        guard count > 0, let start = unsafe message else { return count == 0 ? .wouldBlock : .done }
        unsafe PQfreemem(start)
        return .data
    }

    // MARK: Pipelines

    /// The corresponding libpq function is `PQenterPipelineMode`.
    ///
    /// If rows came a few at a time before, those of the pipeline's first statement would, too: libpq forgets that with the beginning of
    /// a statement outside of a pipeline. A statement that is none is refused after it has begun, and nothing is sent.
    mutating func enterPipelineMode() -> Bool {
        if hasRowsMode {
            unsafe PQsendQuery(conn, nil)
            hasRowsMode = false
        }
        return unsafe PQenterPipelineMode(conn) == 1
    }

    /// The corresponding libpq function is `PQexitPipelineMode`.
    mutating func exitPipelineMode() -> Bool { unsafe PQexitPipelineMode(conn) == 1 }

    /// The corresponding libpq function is `PQpipelineSync`.
    mutating func pipelineSync() -> Bool { unsafe PQpipelineSync(conn) == 1 }

    // MARK: Notifications

    /// Takes the next notification out of what was read from the socket.
    ///
    /// The corresponding libpq function is `PQnotifies`.
    mutating func notifies() -> ServerNotification? {
        guard let notification = unsafe PQnotifies(conn) else { return nil }
        defer { unsafe PQfreemem(notification) }
        return unsafe ServerNotification(
            channel: String(cString: notification.pointee.relname),
            payload: String(cString: notification.pointee.extra),
            senderPID: notification.pointee.be_pid
        )
    }
}

/// What `PQgetCopyData` found.
enum CopyProgress {
    /// A message of data.
    case data
    /// Nothing yet.
    case wouldBlock
    /// The end of the data, or an error: the results tell.
    case done
}
