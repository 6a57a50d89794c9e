import LibpqIO

extension Bool: PostgresCodable {
    /// `bool`.
    public static var postgresType: PostgresType { .bool }

    /// Writes a `bool`.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(UInt8(self ? 1 : 0)) }

    /// Reads a `bool`.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Bool {
        guard type == .bool else { throw DecodingFailure.wrongType() }
        try bytes.requireCount(1)
        switch (format, bytes[0]) {
        case (.binary, 0), (.text, UInt8(ascii: "f")): return false
        case (.binary, 1), (.text, UInt8(ascii: "t")): return true
        default: throw DecodingFailure.malformed
        }
    }
}

extension Double: PostgresCodable {
    /// `float8`.
    public static var postgresType: PostgresType { .float8 }

    /// Writes a `float8`, NaN and the infinities included.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(bitPattern) }

    /// Reads a `float8` or a `float4`; integers and `numeric` need a cast, as not all of them fit.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Double {
        switch (type, format) {
        case (.float8, .binary):
            try bytes.requireCount(8)
            return Double(bitPattern: bytes.bigEndian())
        case (.float4, .binary):
            try bytes.requireCount(4)
            return Double(Float(bitPattern: bytes.bigEndian()))
        case (.float8, .text):
            guard let value = Double(try bytes.text()) else { throw DecodingFailure.malformed }
            return value
        case (.float4, .text):
            // By way of Float, so that both formats give the same number.
            guard let value = Float(try bytes.text()) else { throw DecodingFailure.malformed }
            return Double(value)
        default:
            throw notAFloat(type, "float8")
        }
    }
}

extension Float: PostgresCodable {
    /// `float4`.
    public static var postgresType: PostgresType { .float4 }

    /// Writes a `float4`, NaN and the infinities included.
    public func encode(into encoder: inout PostgresEncoder) { encoder.append(bitPattern) }

    /// Reads a `float4`.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Float {
        switch (type, format) {
        case (.float4, .binary):
            try bytes.requireCount(4)
            return Float(bitPattern: bytes.bigEndian())
        case (.float4, .text):
            guard let value = Float(try bytes.text()) else { throw DecodingFailure.malformed }
            return value
        case (.float8, _):
            throw DecodingFailure.wrongType("read it as Double, or cast it in the query: `::float4`")
        default:
            throw notAFloat(type, "float4")
        }
    }
}

private func notAFloat(_ type: PostgresType, _ wanted: String) -> DecodingFailure {
    switch type {
    case .numeric: .wrongType("read it as Decimal, or round it in the query: `::\(wanted)`")
    case .int2, .int4, .int8: .wrongType("read it as Int, or cast it in the query: `::\(wanted)`")
    default: .wrongType()
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the wrapped value.
    public static var postgresType: PostgresType { Wrapped.postgresType }

    /// Writes the wrapped value; `nil` is NULL.
    public func encode(into encoder: inout PostgresEncoder) throws { try self?.encode(into: &encoder) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads a value that is not NULL.
    @inlinable
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Wrapped? {
        try Wrapped.decode(bytes, type: type, format: format)
    }

    /// NULL is `nil`.
    @inlinable
    public static var valueForNull: Wrapped?? { .some(nil) }
}

extension RawRepresentable where Self: PostgresEncodable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }

    /// Writes the raw value.
    public func encode(into encoder: inout PostgresEncoder) throws { try rawValue.encode(into: &encoder) }
}

extension RawRepresentable where Self: PostgresDecodable, RawValue: PostgresDecodable {
    /// Reads the raw value; one that stands for nothing is an error.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Self {
        guard let value = Self(rawValue: try RawValue.decode(bytes, type: type, format: format)) else {
            throw DecodingFailure(reason: "the value is no raw value of \(Self.self)")
        }
        return value
    }
}
