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
        guard let time = InternetTime(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time of RFC 3339")
        }
        return Date(timeIntervalSince1970: time.secondsSince1970)
    }
    do {
        return try decoder.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        throw RequestDecodingError(error)
    }
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
