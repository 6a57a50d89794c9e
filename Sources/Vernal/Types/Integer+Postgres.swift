import LibpqIO

// Integers are sent in binary with their own type, so that the type of an expression never depends on a value.
// PostgreSQL converts them silently to any wider type and, in `INSERT` and `UPDATE`, to the type of the column. It does not
// convert a wide integer to a narrow one for a function or an operator: `Int` is `bigint`, hence `make_interval(days =>
// \(days))`, `date + \(days)` and `jsonb -> \(index)` need `Int32(days)` or a cast, `\(days)::int`.

extension FixedWidthInteger where Self: PostgresDecodable {
    /// Reads `int2`, `int4`, `int8` or `oid`, if the value fits.
    @inlinable
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Self {
        guard let value = Self(exactly: try integer(bytes, type, format)) else { throw DecodingFailure.outOfRange }
        return value
    }
}

@usableFromInline
func integer(_ bytes: Span<UInt8>, _ type: PostgresType, _ format: PostgresFormat) throws(DecodingFailure) -> Int64 {
    switch (type, format) {
    case (.int8, .binary):
        try bytes.requireCount(8)
        return bytes.bigEndian()
    case (.int4, .binary):
        try bytes.requireCount(4)
        return Int64(bytes.bigEndian(as: Int32.self))
    case (.int2, .binary):
        try bytes.requireCount(2)
        return Int64(bytes.bigEndian(as: Int16.self))
    case (.oid, .binary):
        try bytes.requireCount(4)
        return Int64(bytes.bigEndian(as: UInt32.self))
    case (.int8, .text), (.int4, .text), (.int2, .text), (.oid, .text):
        guard let value = Int64(try bytes.text()) else { throw .malformed }
        return value
    case (.numeric, _):
        throw .wrongType("read it as Decimal, or cast it in the query: `::int8`")
    case (.float4, _), (.float8, _):
        throw .wrongType("read it as Double, or cast it in the query: `::int8`")
    default:
        throw .wrongType()
    }
}

extension Int: PostgresCodable {
    /// `int8`.
    public static var postgresType: PostgresType { .int8 }
    /// Writes an `int8`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(Int64(self)) }
}

extension Int64: PostgresCodable {
    /// `int8`.
    public static var postgresType: PostgresType { .int8 }
    /// Writes an `int8`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(self) }
}

extension Int32: PostgresCodable {
    /// `int4`.
    public static var postgresType: PostgresType { .int4 }
    /// Writes an `int4`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(self) }
}

extension Int16: PostgresCodable {
    /// `int2`.
    public static var postgresType: PostgresType { .int2 }
    /// Writes an `int2`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(self) }
}

extension Int8: PostgresCodable {
    /// `int2`, as PostgreSQL has no integer of one byte.
    public static var postgresType: PostgresType { .int2 }
    /// Writes an `int2`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(Int16(self)) }
}

extension UInt8: PostgresCodable {
    /// `int2`, as PostgreSQL has no integer of one byte.
    ///
    /// An array of bytes is a `bytea`, though.
    public static var postgresType: PostgresType { .int2 }
    /// Writes an `int2`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(Int16(self)) }
}

extension UInt16: PostgresCodable {
    /// `int4`, as PostgreSQL has no unsigned integers.
    public static var postgresType: PostgresType { .int4 }
    /// Writes an `int4`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(Int32(self)) }
}

extension UInt32: PostgresCodable {
    /// `int8`, as PostgreSQL has no unsigned integers.
    public static var postgresType: PostgresType { .int8 }
    /// Writes an `int8`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(Int64(self)) }
}

extension UInt64: PostgresCodable {
    /// `int8`, as PostgreSQL has no unsigned integers.
    public static var postgresType: PostgresType { .int8 }
    /// Writes an `int8`; a value beyond its range is an error.
    public func encode(into encoder: inout PostgresEncoder) throws {
        guard let value = Int64(exactly: self) else {
            throw EncodingFailure(reason: "the value is out of the range of int8; bind it as Decimal")
        }
        encoder.append(value)
    }
}

extension UInt: PostgresCodable {
    /// `int8`, as PostgreSQL has no unsigned integers.
    public static var postgresType: PostgresType { .int8 }
    /// Writes an `int8`; a value beyond its range is an error.
    public func encode(into encoder: inout PostgresEncoder) throws { try UInt64(self).encode(into: &encoder) }
}
