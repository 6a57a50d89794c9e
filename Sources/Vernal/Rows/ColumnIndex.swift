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
    /// Each name with its position, which is `nil` for a name that several columns have.
    private let names: [(name: String, position: Int?)]
    /// The same for many columns; comparing a few names is quicker than hashing one.
    private let positions: [String: Int?]

    private static let fewColumns = 10

    init(_ columns: [Column]) {
        all = columns
        var positions: [String: Int?] = [:]
        positions.reserveCapacity(columns.count)
        for (position, column) in columns.enumerated() {
            positions.updateValue(positions.keys.contains(column.name) ? nil : position, forKey: column.name)
        }
        names = columns.enumerated().map { ($1.name, positions[$1.name, default: nil] == nil ? nil : $0) }
        self.positions = positions
    }

    private func entry(for name: String) -> Int?? {
        guard names.count <= Self.fewColumns else { return positions[name] }
        for entry in names where entry.name == name { return .some(entry.position) }
        return nil
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
