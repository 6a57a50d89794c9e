import LibpqIO
import Synchronization

/// The result that rows share: the owner of libpq's memory, and what is known about the columns.
@usableFromInline
final class ResultStorage: Sendable {
    private let handle: PGResultHandle
    let rowCount: Int
    let columnCount: Int
    private let lazyColumns = AtomicLazyReference<ColumnIndex>()

    init(_ handle: consuming PGResultHandle) {
        rowCount = handle.ntuples
        columnCount = handle.nfields
        self.handle = handle
    }

    var affectedRows: Int { handle.cmdTuples }

    /// The columns, looked at when they are needed first: most results are read by position.
    var columns: ColumnIndex {
        if let columns = lazyColumns.load() { return columns }
        let columns = ColumnIndex(
            (0..<columnCount).map { Column(name: handle.fname($0), type: PostgresType(oid: handle.ftype($0))) }
        )
        return lazyColumns.storeIfNil(columns)
    }

    func type(ofColumn column: Int) -> PostgresType { PostgresType(oid: handle.ftype(column)) }

    func isNull(_ row: Int, _ column: Int) -> Bool { handle.getisnull(row, column) }

    /// Gives `body` the bytes of a cell; returns `false`, and does not call it, if the cell is NULL.
    ///
    /// - Precondition: the row and the column exist.
    @usableFromInline
    func withCell(
        _ row: Int,
        _ column: Int,
        _ body: (Span<UInt8>, PostgresType, PostgresFormat) throws -> Void
    ) throws -> Bool {
        try handle.withValue(row, column) { bytes throws(any Error) in
            // A NULL has no bytes, so only values without bytes have to be asked about.
            if bytes.isEmpty, handle.getisnull(row, column) { return false }
            try body(bytes, PostgresType(oid: handle.ftype(column)), handle.isBinary(column) ? .binary : .text)
            return true
        }
    }

    /// Reads a cell.
    @inlinable
    func value<T: PostgresDecodable>(_ row: Int, _ column: Int, as type: T.Type) throws -> T {
        try requireColumn(column)
        var value: T?
        do {
            let isPresent = try withCell(row, column) { bytes, type, format in
                value = try T.decode(bytes, type: type, format: format)
            }
            if !isPresent { value = T.valueForNull }
        } catch {
            throw failure(column, T.self, error)
        }
        guard let value else { throw nullFailure(column, T.self) }
        return value
    }

    @usableFromInline
    func requireColumn(_ column: Int) throws {
        guard column >= 0, column < columnCount else {
            throw VernalError(.decoding, "there is no column with the index \(column): \(columns.summary)")
        }
    }

    @usableFromInline
    func requireColumnCount(_ wanted: Int, _ type: Any.Type) throws {
        guard columnCount == wanted else {
            let number = wanted == 1 ? "1 column" : "\(wanted) columns"
            throw VernalError(.decoding, "\(type) needs a result with \(number): \(columns.summary)")
        }
    }

    /// The column's name, index and type, as it stands in an error.
    func label(_ column: Int) -> String {
        "column \"\(columns.all[column].name)\" (index \(column), \(columns.all[column].type))"
    }

    @usableFromInline
    func failure(_ column: Int, _ wanted: Any.Type, _ error: any Error) -> VernalError {
        if let error = error as? VernalError, error.code == .decoding { return error }
        guard let failure = error as? DecodingFailure else {
            // The description of the error of another type may have the value in it.
            return VernalError(.decoding, "\(label(column)) cannot be read as \(wanted)") {
                $0.underlying = error
                $0.columnName = self.columns.all[column].name
            }
        }
        return VernalError(.decoding, "\(label(column)) cannot be read as \(wanted): \(failure.reason)") {
            $0.columnName = self.columns.all[column].name
        }
    }

    @usableFromInline
    func nullFailure(_ column: Int, _ wanted: Any.Type) -> VernalError {
        VernalError(.decoding, "\(label(column)) is NULL: read it as \(wanted)?") {
            $0.columnName = self.columns.all[column].name
        }
    }
}
