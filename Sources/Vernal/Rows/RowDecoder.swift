/// Where the keys of a `Decodable` type are in a result.
///
/// Rows of one type ask for the same keys in the same order, so the answer to the previous row's question at this point
/// is tried first: one comparison of short strings instead of a hash.
final class RowDecodingPlan {
    let columns: ColumnIndex
    private var steps: [(key: String, position: Int?)] = []
    private var next = 0

    init(_ columns: ColumnIndex) {
        self.columns = columns
        // Most types ask for every column, and for nothing else.
        steps.reserveCapacity(columns.all.count)
    }

    /// To be called at the start of each row.
    func restart() {
        next = 0
    }

    /// The position of the column of a key: that of exactly its name, or else of its name in snake case.
    func position(of key: String) throws -> Int? {
        // A Codable asks up to three questions about one key.
        if next > 0, steps[next - 1].key == key { return steps[next - 1].position }
        if next < steps.count, steps[next].key == key {
            next += 1
            return steps[next - 1].position
        }
        let position = try columns.position(of: key) ?? columns.position(of: snakeCase(key))
        steps.removeSubrange(next...)
        steps.append((key, position))
        next += 1
        return position
    }
}

/// `createdAt` as `created_at`, `userID` as `user_id`, `htmlURLPath` as `html_url_path`.
func snakeCase(_ key: String) -> String {
    var result = ""
    let characters = Array(key)
    for (index, character) in characters.enumerated() {
        if character.isUppercase, index > 0, characters[index - 1] != "_" {
            let endsWord = !characters[index - 1].isUppercase
            let startsWord = index + 1 < characters.count && characters[index + 1].isLowercase
            if endsWord || startsWord { result += "_" }
        }
        result += character.lowercased()
    }
    return result
}

/// Reads a `Decodable` from a row.
struct RowDecoder: Decoder {
    let row: Row
    let plan: RowDecodingPlan
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        plan.restart()
        return try T(from: self)
    }

    /// Reads a column.
    ///
    /// It is here because the container, generic over keys of other modules, cannot be specialised.
    @inline(never)
    fileprivate func value<T: PostgresDecodable>(at column: Int) throws -> T {
        try row.storage.value(row.index, column, as: T.self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RowContainer(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw VernalError(
            .decoding,
            "a row cannot be read as an array: read it as a tuple, `row.decode((Int, String).self)`"
        )
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        guard row.columnCount == 1 else { throw row.storage.wrongColumnCount(1, Any.self) }
        return CellDecoder(row: row, column: 0, codingPath: [])
    }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: RowDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { decoder.plan.columns.all.compactMap { Key(stringValue: $0.name) } }

    func contains(_ key: Key) -> Bool {
        // An ambiguous name is reported by the decoding that follows.
        do { return try position(key) != nil } catch { return true }
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        let row = decoder.row
        return row.storage.isNull(row.index, try requiredPosition(key))
    }

    private func position(_ key: Key) throws -> Int? {
        try decoder.plan.position(of: key.stringValue)
    }

    private func requiredPosition(_ key: Key) throws -> Int {
        guard let position = try position(key) else {
            let snake = snakeCase(key.stringValue)
            let alternative = snake == key.stringValue ? "" : " or \"\(snake)\""
            throw VernalError(
                .decoding,
                "there is no column \"\(key.stringValue)\"\(alternative): \(decoder.plan.columns.summary)"
            ) { $0.columnName = key.stringValue }
        }
        return position
    }

    @inline(__always)
    private func value<T: PostgresDecodable>(_ key: Key) throws -> T {
        try decoder.value(at: requiredPosition(key))
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try CellDecoder(row: decoder.row, column: requiredPosition(key), codingPath: [key]).decode(T.self)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try CellDecoder(row: decoder.row, column: requiredPosition(key), codingPath: [key]).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try CellDecoder(row: decoder.row, column: requiredPosition(key), codingPath: [key]).unkeyedContainer()
    }

    /// A superclass is in the same row.
    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        CellDecoder(row: decoder.row, column: try requiredPosition(key), codingPath: [key])
    }
}
