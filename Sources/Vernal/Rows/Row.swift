/// One row of a result.
///
/// Columns are read by index, from 0, or by name:
///
/// ```swift
/// let id: Int = try row["id"]
/// let email = try row[1, as: String?.self]
/// let (name, age): (String, Int) = try row.decode()
/// let user = try row.decode(User.self)
/// ```
public struct Row: Sendable {
    @usableFromInline let storage: ResultStorage
    @usableFromInline let index: Int

    @usableFromInline
    init(storage: ResultStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    /// The number of columns.
    public var columnCount: Int { storage.columnCount }

    /// The columns.
    public var columns: [Column] { storage.columns.all }

    /// Reads the column at an index, from 0.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there is no such column, or its value is no `T`.
    @inlinable
    public subscript<T: PostgresDecodable>(index: Int, as type: T.Type = T.self) -> T {
        get throws { try storage.value(self.index, index, as: T.self) }
    }

    /// Reads the column with a name.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there is no such column, or there are several, or its value
    ///   is no `T`.
    @inlinable
    public subscript<T: PostgresDecodable>(name: String, as type: T.Type = T.self) -> T {
        get throws { try storage.value(index, position(of: name), as: T.self) }
    }

    /// Whether the column at an index is NULL.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there is no such column.
    public func isNull(_ index: Int) throws -> Bool {
        guard index >= 0, index < storage.columnCount else { throw storage.noColumn(index) }
        return storage.isNull(self.index, index)
    }

    /// Whether the column with a name is NULL.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there is no such column, or there are several.
    public func isNull(_ name: String) throws -> Bool {
        storage.isNull(index, try position(of: name))
    }

    /// Reads the only column.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there is not exactly one column, or its value is no `T`.
    @inlinable
    public func decode<T: PostgresDecodable>(_ type: T.Type = T.self) throws -> T {
        guard storage.columnCount == 1 else { throw storage.wrongColumnCount(1, T.self) }
        return try storage.value(index, 0, as: T.self)
    }

    /// Reads all columns, in their order, as a tuple: `let (id, name): (Int, String?) = try row.decode()`.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if the number of columns is another, or a value is of another
    ///   type.
    @inlinable
    public func decode<each T: PostgresDecodable>(
        _ type: (repeat each T).Type = (repeat each T).self
    ) throws -> (repeat each T) {
        var count = 0
        for _ in repeat (each T).self { count += 1 }
        // The type of the tuple is made at run time, so it is asked for only where it is shown.
        guard storage.columnCount == count else { throw storage.wrongColumnCount(count, (repeat each T).self) }
        var column = 0
        return (repeat try storage.next(index, &column, as: (each T).self))
    }

    /// Reads the row as a type with properties, each from the column of the same name.
    ///
    /// A key without a column of exactly its name is looked up in snake case: `createdAt` in `created_at`. A property of
    /// another `Decodable` type is read from JSON. For the properties of `T` the rules of `Codable` hold: an optional one
    /// may have no column.
    ///
    /// - Throws: A `VernalError` with the code `decoding`, or what `T` throws itself.
    @_disfavoredOverload
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try RowDecoder(row: self, plan: RowDecodingPlan(storage.columns)).decode(T.self)
    }

    @usableFromInline
    func position(of name: String) throws -> Int {
        try storage.columns.requiredPosition(of: name)
    }
}

extension Row: CustomStringConvertible, CustomReflectable {
    /// The names of the columns; never the values.
    public var description: String { "Row(\(columns.map(\.name).joined(separator: ", ")))" }

    /// The names of the columns; never the values.
    public var customMirror: Mirror { Mirror(self, children: ["columns": columns], displayStyle: .struct) }
}
