internal import LibpqIO
internal import Moments

/// The data of a `COPY … TO STDOUT`; it is lent to the closure of `copyOut`.
///
/// The next data is read from the socket only when it is asked for, so a server that is quicker than the closure waits.
public struct CopyReader: ~Copyable {
    private var connection: PostgresConnection
    private let deadline: Moment?
    private var failure: VernalError?

    /// Whether the data is in binary format; CSV is text.
    public let isBinary: Bool
    /// The number of columns.
    public let columnCount: Int
    /// How many rows there were in all; `nil` before the end.
    public private(set) var rowCount: Int?

    /// The bytes after which no more are added to what is handed over.
    private static let chunkSize = 64 * 1024

    init(_ connection: consuming PostgresConnection, _ format: CopyFormat, until deadline: Moment?) {
        self.connection = connection
        self.deadline = deadline
        isBinary = format.isBinary
        columnCount = format.columnCount
    }

    /// The next data: what has arrived, of up to about 64 KiB.
    ///
    /// The server sends whole rows, so in text and CSV what is handed over ends with the end of a row.
    ///
    /// - Returns: the data, which is never empty; `nil` when there is no more.
    /// - Throws: `VernalError` as `PostgresConnection.query`, also in the midst of the data. Later calls throw the same.
    public mutating func next() async throws -> [UInt8]? {
        if let failure { throw failure }
        guard rowCount == nil else { return nil }
        var chunk: [UInt8] = []
        do throws(LibpqError) {
            rowCount = try await connection.link.nextCopyData(
                appendingTo: &chunk,
                upTo: Self.chunkSize,
                until: deadline
            )
        } catch {
            let failure = connection.noted(error)
            self.failure = failure
            throw failure
        }
        return chunk.isEmpty ? nil : chunk
    }

    /// Whether there may be more that nobody has read.
    var isOpen: Bool { rowCount == nil && failure == nil }

    /// Gives the connection back.
    consuming func finish() -> PostgresConnection { connection }
}
