internal import LibpqIO
internal import Synchronization

/// A column of a result.
public struct Column: Sendable, Hashable {
    /// The name; several columns can have the same.
    public let name: String
    /// The type.
    public let type: PostgresType
}

/// The columns of a result, by position and by name.
final class ColumnIndex: Sendable {
    let all: [Column]
    /// Where each name stands, `nil` for one that several columns have; only for many columns: comparing a few names is quicker than
    /// hashing one.
    private let positions: [String: Int?]
    private let hasDuplicates: Bool

    private static let fewColumns = 10

    init(_ columns: [Column]) {
        all = columns
        guard columns.count > Self.fewColumns else {
            positions = [:]
            hasDuplicates = columns.indices.contains { index in
                columns[..<index].contains { $0.name == columns[index].name }
            }
            return
        }
        var positions: [String: Int?] = [:]
        positions.reserveCapacity(columns.count)
        for (position, column) in columns.enumerated() {
            positions.updateValue(positions.keys.contains(column.name) ? nil : position, forKey: column.name)
        }
        self.positions = positions
        hasDuplicates = positions.count < columns.count
    }

    private convenience init(_ result: borrowing PGResultHandle) {
        var columns: [Column] = []
        columns.reserveCapacity(result.nfields)
        for column in 0..<result.nfields {
            columns.append(Column(name: result.fname(column), type: PostgresType(oid: result.ftype(column))))
        }
        self.init(columns)
    }

    private func entry(for name: String) -> Int?? {
        guard all.count <= Self.fewColumns else { return positions[name] }
        guard let first = all.firstIndex(where: { $0.name == name }) else { return nil }
        let isOnly = !hasDuplicates || !all[(first + 1)...].contains { $0.name == name }
        return .some(isOnly ? first : nil)
    }

    // MARK: One for all results with the same columns

    /// Those of earlier results, each where its shape says.
    ///
    /// A statement that is run again nearly always has the columns that it had. To make an index takes several allocations; to compare a
    /// result with one that is there takes none.
    private static let interned = Mutex([ColumnIndex?](repeating: nil, count: placeCount))
    private static let placeCount = 64
    /// Those of more columns are made anew each time: they would hold memory.
    private static let mostColumns = 64

    /// The index of a result's columns: that of an earlier result, if it had the same.
    ///
    /// What is found is compared and never trusted: a table may have changed, and two results may want the same place.
    static func of(_ result: borrowing PGResultHandle) -> ColumnIndex {
        guard result.nfields <= mostColumns else { return ColumnIndex(result) }
        let place = Int(result.shape % UInt64(placeCount))
        if let known = interned.withLock({ $0[place] }), known.describes(result) { return known }
        let index = ColumnIndex(result)
        interned.withLock { $0[place] = index }
        return index
    }

    private func describes(_ result: borrowing PGResultHandle) -> Bool {
        guard all.count == result.nfields else { return false }
        for (column, known) in all.enumerated()
        where known.type.oid != result.ftype(column) || !result.fname(column, is: known.name) {
            return false
        }
        return true
    }

    /// The position of a column; `nil` if there is none of that name.
    ///
    /// - Throws: A `VernalError` with the code `decoding` if there are several.
    func position(of name: String) throws(VernalError) -> Int? {
        guard let entry = entry(for: name) else { return nil }
        guard let position = entry else {
            let indices = all.indices.filter { all[$0].name == name }.map { String($0) }.joined(separator: " and ")
            throw VernalError(
                .decoding,
                "several columns have the name \"\(name)\" (indices \(indices)): read them by index, or give them names "
                    + "with AS"
            ) { $0.columnName = name }
        }
        return position
    }

    /// The position of a column that must exist.
    func requiredPosition(of name: String) throws(VernalError) -> Int {
        guard let position = try position(of: name) else {
            throw VernalError(.decoding, "there is no column \"\(name)\": \(summary)") { $0.columnName = name }
        }
        return position
    }

    /// What columns there are, in words.
    var summary: String {
        if all.isEmpty { return "the result has no columns" }
        let names = all.prefix(20).map { "\"\($0.name)\"" }.joined(separator: ", ")
        return "the result has \(all.count == 1 ? "the column" : "the columns") \(names)\(all.count > 20 ? ", …" : "")"
    }
}
