import LibpqIO
import Synchronization

/// The result that rows share: the owner of libpq's memory, and what is known about the columns.
@usableFromInline
final class ResultStorage: Sendable {
    private let handle: PGResultHandle
    /// Of the first columns, because each value needs its type.
    private let firstTypes: InlineArray<8, UInt32>
    @usableFromInline let rowCount: Int
    @usableFromInline let columnCount: Int
    /// Of all values: a statement is asked for one or the other.
    private let format: PostgresFormat
    private let lazyColumns: Mutex<ColumnIndex?>

    /// Takes over a result.
    ///
    /// - Parameters:
    ///   - handle: the result.
    ///   - columns: its columns, if they are known from another result of the same statement.
    init(_ handle: consuming PGResultHandle, columns: ColumnIndex? = nil) {
        lazyColumns = Mutex(columns)
        rowCount = handle.ntuples
        columnCount = handle.nfields
        format = handle.binaryTuples ? .binary : .text
        var types = InlineArray<8, UInt32>(repeating: 0)
        for column in 0..<min(types.count, columnCount) { types[column] = handle.ftype(column) }
        firstTypes = types
        self.handle = handle
    }

    var affectedRows: Int { handle.cmdTuples }

    /// The columns, looked at when they are needed first: most results are read by position.
    var columns: ColumnIndex {
        lazyColumns.withLock { known in
            if let known { return known }
            let columns = ColumnIndex.of(handle)
            known = columns
            return columns
        }
    }

    func type(ofColumn column: Int) -> PostgresType {
        PostgresType(oid: column < firstTypes.count ? firstTypes[column] : handle.ftype(column))
    }

    func isNull(_ row: Int, _ column: Int) -> Bool { handle.getisnull(row, column) }

    /// Gives `body` the bytes of a cell, its type and its format; returns `false`, and does not call it, if the cell is NULL.
    ///
    /// Not generic: other modules could not specialise it.
    ///
    /// - Precondition: the row and the column exist.
    @usableFromInline
    func withCell(
        _ row: Int,
        _ column: Int,
        _ body: (Span<UInt8>, PostgresType, PostgresFormat) throws -> Void
    ) throws -> Bool {
        guard let cell = handle.cell(row, column) else { return false }
        try body(cell.span, type(ofColumn: column), format)
        return true
    }

    /// Reads a cell.
    @inlinable
    func value<T: PostgresDecodable>(_ row: Int, _ column: Int, as type: T.Type) throws -> T {
        guard column >= 0, column < columnCount else { throw noColumn(column) }
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

    /// Reads a cell that exists as one of a pack of types, and moves on to the next column.
    ///
    /// Nobody knows the type before run time, so that there is nothing to specialise. What costs then is each generic function on the way, and
    /// an optional, whose type has to be made: there is one such function, and none of the other.
    @usableFromInline
    func next<T: PostgresDecodable>(_ row: Int, _ column: inout Int, as type: T.Type) throws -> T {
        let current = column
        column += 1
        do {
            guard let cell = handle.cell(row, current) else { return try valueForNull(current) }
            return try T.decode(cell.span, type: self.type(ofColumn: current), format: format)
        } catch {
            throw failure(current, T.self, error)
        }
    }

    @inline(never)
    private func valueForNull<T: PostgresDecodable>(_ column: Int) throws -> T {
        guard let value = T.valueForNull else { throw nullFailure(column, T.self) }
        return value
    }

    @usableFromInline
    func noColumn(_ column: Int) -> VernalError {
        VernalError(.decoding, "there is no column with the index \(column): \(columns.summary)")
    }

    @usableFromInline
    func wrongColumnCount(_ wanted: Int, _ type: Any.Type) -> VernalError {
        let number = wanted == 1 ? "1 column" : "\(wanted) columns"
        return VernalError(.decoding, "\(type) needs a result with \(number): \(columns.summary)")
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
