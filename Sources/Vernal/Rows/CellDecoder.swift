#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads a `Decodable` from one column.
struct CellDecoder: Decoder, SingleValueDecodingContainer {
    let row: Row
    let column: Int
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Reads a type that PostgreSQL knows directly, any other one from JSON or, as enums are, from a single value.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        // The usual ones first: comparing types is cheap, asking for a conformance is not.
        if T.self == Date.self { return try native(Date.self) }
        if T.self == UUID.self { return try native(UUID.self) }
        if T.self == Decimal.self { return try native(Decimal.self) }
        if T.self == Data.self { return try native(Data.self) }
        let columnType = row.storage.type(ofColumn: column)
        let isJSON = columnType == .jsonb || columnType == .json
        if isJSON, T.self is any ReadsJSON.Type == false { return try decodeFromJSON() }
        if let known = T.self as? any PostgresDecodable.Type { return try native(known) }
        return try T(from: self)
    }

    private func native<T>(_ type: (some PostgresDecodable).Type) throws -> T {
        guard let value = try row.storage.value(row.index, column, as: type) as? T else {
            throw row.storage.failure(column, T.self, DecodingFailure.wrongType())
        }
        return value
    }

    private func decodeFromJSON<T: Decodable>() throws -> T {
        var value: T?
        do {
            let isPresent = try row.storage.withCell(row.index, column) { bytes, type, format in
                value = try decodeJSON(bytes, type, format)
            }
            guard isPresent else { throw row.storage.nullFailure(column, T.self) }
        } catch {
            throw row.storage.failure(column, T.self, error)
        }
        guard let value else { throw row.storage.nullFailure(column, T.self) }
        return value
    }

    private func value<T: PostgresDecodable>() throws -> T {
        try row.storage.value(row.index, column, as: T.self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw needsJSON("a type with properties")
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw needsJSON("a list")
    }

    private func needsJSON(_ what: String) -> VernalError {
        VernalError(.decoding, "\(row.storage.label(column)) cannot be read as \(what): that needs json or jsonb")
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { row.storage.isNull(row.index, column) }
    func decode(_ type: Bool.Type) throws -> Bool { try value() }
    func decode(_ type: String.Type) throws -> String { try value() }
    func decode(_ type: Double.Type) throws -> Double { try value() }
    func decode(_ type: Float.Type) throws -> Float { try value() }
    func decode(_ type: Int.Type) throws -> Int { try value() }
    func decode(_ type: Int8.Type) throws -> Int8 { try value() }
    func decode(_ type: Int16.Type) throws -> Int16 { try value() }
    func decode(_ type: Int32.Type) throws -> Int32 { try value() }
    func decode(_ type: Int64.Type) throws -> Int64 { try value() }
    func decode(_ type: UInt.Type) throws -> UInt { try value() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try value() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try value() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try value() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try value() }
}
