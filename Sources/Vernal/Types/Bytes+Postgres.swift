import LibpqIO

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Data: PostgresCodable {
    /// `bytea`.
    public static var postgresType: PostgresType { .bytea }

    /// Writes a `bytea`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(contentsOf: self) }

    /// Reads a `bytea`.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Data {
        Data(try byteArray(bytes, type, format))
    }
}

extension UUID: PostgresCodable {
    /// `uuid`.
    public static var postgresType: PostgresType { .uuid }

    /// Writes a `uuid`.
    public func encode(into encoder: inout PostgresEncoder) {
        let (b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15) = uuid
        encoder.append(contentsOf: [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15])
    }

    /// Reads a `uuid`.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> UUID {
        guard type == .uuid else {
            throw DecodingFailure.wrongType("cast it in the query: `::uuid`")
        }
        guard format == .binary else {
            guard let value = UUID(uuidString: try bytes.text()) else { throw DecodingFailure.malformed }
            return value
        }
        try bytes.requireCount(16)
        return UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9],
                bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            )
        )
    }
}

/// The bytes of a `bytea`.
func byteArray(_ bytes: Span<UInt8>, _ type: PostgresType, _ format: PostgresFormat) throws(DecodingFailure) -> [UInt8]
{
    guard type == .bytea else { throw .wrongType() }
    guard format == .text else { return bytes.copy() }
    guard bytes.count >= 2, bytes[0] == UInt8(ascii: "\\"), bytes[1] == UInt8(ascii: "x") else {
        throw DecodingFailure(reason: "the value is not printed in hexadecimal; set bytea_output to hex")
    }
    guard bytes.count.isMultiple(of: 2) else { throw .malformed }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count / 2 - 1)
    for index in stride(from: 2, to: bytes.count, by: 2) {
        guard let high = hexDigit(bytes[index]), let low = hexDigit(bytes[index + 1]) else { throw .malformed }
        result.append(high << 4 | low)
    }
    return result
}
