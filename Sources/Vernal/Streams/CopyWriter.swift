internal import LibpqIO
internal import Moments

/// Where the data of a `COPY … FROM STDIN` goes; it is lent to the closure of `copyIn`.
///
/// What is written is collected, and sent in pieces of 64 KiB. A write waits when the server is slower than the closure.
public struct CopyWriter: ~Copyable {
    private var connection: PostgresConnection
    private let deadline: Moment?
    private var buffer: [UInt8] = []
    /// Why the copy has ended already.
    private(set) var failure: VernalError?
    /// The number of columns that the server expects in each row.
    let columnCount: Int

    /// The bytes that are collected before they are sent.
    private static let pieceSize = 64 * 1024

    init(_ connection: consuming PostgresConnection, columnCount: Int, until deadline: Moment?) {
        self.connection = connection
        self.columnCount = columnCount
        self.deadline = deadline
        buffer.reserveCapacity(Self.pieceSize + 1024)
    }

    /// Writes bytes, which are in the format that the statement names (text, CSV or binary); rows may be cut anywhere.
    ///
    /// - Throws: `VernalError`: `server` when the server has given the copy up, for example because of a row that it cannot read;
    ///   `timedOut`, `cancelled`, `connectionLost`. The copy has ended then.
    public mutating func write(_ bytes: some Collection<UInt8>) async throws {
        if let failure { throw failure }
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.pieceSize { try await flush() }
    }

    /// Writes text in UTF-8, in the format that the statement names.
    ///
    /// - Throws: as `write(_:)` of bytes.
    public mutating func write(_ text: String) async throws {
        try await write(text.utf8)
    }

    /// Writes what `encode` appends to the collected data; an error leaves that as it was.
    mutating func write(encoding encode: (inout [UInt8]) throws(VernalError) -> Void) async throws {
        if let failure { throw failure }
        let start = buffer.count
        do throws(VernalError) {
            try encode(&buffer)
        } catch {
            buffer.removeSubrange(start...)
            throw error
        }
        if buffer.count >= Self.pieceSize { try await flush() }
    }

    /// Sends what was collected.
    mutating func flush() async throws(VernalError) {
        if let failure { throw failure }
        guard !buffer.isEmpty else { return }
        do throws(LibpqError) {
            try await connection.link.sendCopyData(buffer, until: deadline)
            buffer.removeAll(keepingCapacity: true)
        } catch {
            let failure = connection.noted(error)
            self.failure = failure
            throw failure
        }
    }

    /// Gives the connection back.
    consuming func finish() -> PostgresConnection { connection }
}
