#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Decodes a value from JSON; dates are in ISO 8601, with fractions of a second or without.
///
/// - Throws: `RequestDecodingError`, which names the place and never a value.
func decodeJSON<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
        let container = try decoder.singleValueContainer()
        guard let date = date(iso8601: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date in ISO 8601")
        }
        return date
    }
    do {
        return try decoder.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        throw RequestDecodingError(error)
    }
}

/// A time such as `2026-01-31T12:30:00Z` or `2026-01-31T13:30:00.250+01:00`; `nil` when it is none.
func date(iso8601 text: String) -> Date? {
    (try? Date(text, strategy: .iso8601))
        ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
}

extension KeyedDecodingContainer {
    /// Decodes bytes from Base64, whatever the decoder makes of `Data`.
    func decodeBase64(forKey key: Key) throws -> [UInt8] {
        guard let data = Data(base64Encoded: try decode(String.self, forKey: key)) else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "not Base64")
        }
        return Array(data)
    }
}
