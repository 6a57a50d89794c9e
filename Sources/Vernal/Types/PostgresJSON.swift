import LibpqIO

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value that is stored as JSON.
///
/// It is sent as `jsonb` and read from `jsonb` and `json`. Dates within it are ISO 8601 texts, as the JSON functions of
/// PostgreSQL write them.
///
/// ```swift
/// try await engine.query("INSERT INTO events (payload) VALUES (\(json: payload))")
/// let payload = try row["payload", as: PostgresJSON<Payload>.self].value
/// ```
public struct PostgresJSON<Value> {
    /// The value.
    public var value: Value

    /// Wraps a value.
    public init(_ value: Value) {
        self.value = value
    }
}

extension PostgresJSON: Sendable where Value: Sendable {}
extension PostgresJSON: Equatable where Value: Equatable {}
extension PostgresJSON: Hashable where Value: Hashable {}

extension PostgresJSON: Encodable where Value: Encodable {
    /// Encodes the value itself.
    public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension PostgresJSON: Decodable where Value: Decodable {
    /// Decodes the value itself.
    public init(from decoder: any Decoder) throws { self.init(try Value(from: decoder)) }
}

extension PostgresJSON: PostgresEncodable where Value: Encodable {
    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }

    /// Writes the value as `jsonb`.
    public func encode(into encoder: inout PostgresEncoder) throws {
        encoder.append(jsonbVersion)
        encoder.append(contentsOf: try makeJSONEncoder().encode(value))
    }
}

extension PostgresJSON: PostgresDecodable where Value: Decodable {
    /// Reads `jsonb` or `json`.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Self {
        Self(try decodeJSON(bytes, type, format))
    }
}

/// Tells that a type reads JSON by itself.
protocol ReadsJSON {}
extension PostgresJSON: ReadsJSON {}

private let jsonbVersion: UInt8 = 1

/// Where the text of a JSON value begins: the binary form of `jsonb` has a version in front of it.
func jsonStart(_ bytes: Span<UInt8>, _ type: PostgresType, _ format: PostgresFormat) throws(DecodingFailure) -> Int {
    guard type == .jsonb || type == .json else { throw .wrongType() }
    guard type == .jsonb, format == .binary else { return 0 }
    guard bytes.count > 0, bytes[0] == jsonbVersion else { throw .malformed }
    return 1
}

/// Reads the value of a `json` or `jsonb` column.
func decodeJSON<T: Decodable>(_ bytes: Span<UInt8>, _ type: PostgresType, _ format: PostgresFormat) throws -> T {
    let text = try bytes.extracting(jsonStart(bytes, type, format)...)
    return try makeJSONDecoder().decode(T.self, from: Data(text.copy()))
}

private func makeJSONEncoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .custom { date, encoder in
        var container = encoder.singleValueContainer()
        try container.encode(timestampText(try date.microsecondsSince2000(), separator: "T", zone: "Z"))
    }
    return encoder
}

private func makeJSONDecoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
        let container = try decoder.singleValueContainer()
        guard let microseconds = TimestampParser.microseconds(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO 8601 time")
        }
        return Date(microsecondsSince2000: microseconds)
    }
    return decoder
}
