package import LibpqIO

/// The rows that a statement returned.
///
/// The values stay in libpq's memory, in the form in which they arrived, until they are read; the memory is freed with
/// the last `Rows` and `Row` that refer to it.
public struct Rows: Sendable, RandomAccessCollection {
    @usableFromInline let storage: ResultStorage

    /// Takes over a result.
    package init(_ handle: consuming PGResultHandle) {
        storage = ResultStorage(handle)
    }

    /// How many rows the statement inserted, updated, deleted or selected; 0 for other statements.
    public var affectedRows: Int { storage.affectedRows }

    /// The columns.
    public var columns: [Column] { storage.columns.all }

    /// The index of the first row, which is 0.
    @inlinable public var startIndex: Int { 0 }

    /// The number of rows.
    @inlinable public var endIndex: Int { storage.rowCount }

    /// The row at an index.
    @inlinable
    public subscript(index: Int) -> Row {
        precondition(index >= 0 && index < endIndex, "there is no row with this index")
        return Row(storage: storage, index: index)
    }

    /// The only row.
    ///
    /// - Throws: A `VernalError` with the code `unexpectedRowCount` if there is none, or there are several.
    public func single() throws -> Row {
        guard count == 1 else {
            throw VernalError(
                .unexpectedRowCount,
                count == 0
                    ? "one row was expected, but the result is empty"
                    : "one row was expected, but the result has \(count)"
            )
        }
        return self[0]
    }

    /// The only column of the only row: `try rows.value(as: Int.self)`.
    ///
    /// - Throws: A `VernalError` with the code `unexpectedRowCount` or `decoding`.
    @inlinable
    public func value<T: PostgresDecodable>(as type: T.Type = T.self) throws -> T {
        try single().decode(T.self)
    }

    /// Reads the only column of every row.
    ///
    /// - Throws: A `VernalError` with the code `decoding`.
    @inlinable
    public func decode<T: PostgresDecodable>(_ type: T.Type = T.self) throws -> [T] {
        guard storage.columnCount == 1 else { throw storage.wrongColumnCount(1, T.self) }
        return try (0..<count).map { row in try storage.value(row, 0, as: T.self) }
    }

    /// Reads every row as a tuple: `try rows.decode((Int, String?).self)`.
    ///
    /// - Throws: A `VernalError` with the code `decoding`.
    @inlinable
    public func decode<each T: PostgresDecodable>(
        _ type: (repeat each T).Type = (repeat each T).self
    ) throws -> [(repeat each T)] {
        var columnCount = 0
        for _ in repeat (each T).self { columnCount += 1 }
        guard storage.columnCount == columnCount else {
            throw storage.wrongColumnCount(columnCount, (repeat each T).self)
        }
        return try (0..<count).map { row in
            var column = 0
            return (repeat try storage.next(row, &column, as: (each T).self))
        }
    }

    /// Reads every row as a type with properties, each from the column of the same name; see `Row.decode(_:)`.
    ///
    /// - Throws: A `VernalError` with the code `decoding`, or what `T` throws itself.
    @_disfavoredOverload
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> [T] {
        // Every row asks for the same keys: where they are is found once.
        let plan = RowDecodingPlan(storage.columns)
        return try map { row in try RowDecoder(row: row, plan: plan).decode(T.self) }
    }
}

extension Rows: CustomStringConvertible, CustomReflectable {
    /// The number of rows and the names of the columns; never the values.
    public var description: String { "Rows(\(count) rows: \(columns.map(\.name).joined(separator: ", ")))" }

    /// The number of rows and the columns; never the values.
    public var customMirror: Mirror {
        Mirror(self, children: ["count": count, "columns": columns], displayStyle: .struct)
    }
}
