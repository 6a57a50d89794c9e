import LibpqIO

/// A type whose values can be bound to a query.
///
/// A type of your own usually hands over to one that is known already:
///
/// ```swift
/// struct Email: PostgresEncodable {
///     var address: String
///     static var postgresType: PostgresType { String.postgresType }
///     func encode(into encoder: inout PostgresEncoder) throws { try address.encode(into: &encoder) }
/// }
/// ```
///
/// An `enum` with raw values of a known type needs no code at all: `enum Role: String, PostgresCodable { … }`.
public protocol PostgresEncodable {
    /// The type that the parameter is declared as; `.unspecified` lets the server infer it.
    static var postgresType: PostgresType { get }

    /// Writes the value; writing nothing makes it NULL.
    func encode(into encoder: inout PostgresEncoder) throws
}

/// A type whose values can be bound to a query and read from a row.
public typealias PostgresCodable = PostgresDecodable & PostgresEncodable

/// How the bytes of a value are to be read.
@frozen
public enum PostgresFormat: Sendable, Hashable {
    /// As PostgreSQL prints it.
    case text
    /// As the type's own binary representation.
    case binary
}

/// Takes the bytes of one value that is bound to a query.
public struct PostgresEncoder {
    private var bytes: ParameterBytes
    /// Where the value begins: other values stand before it in the same buffer.
    private let start: Int
    private var encoding: StatementParameters.Encoding = .null
    /// Whether the value is an element of an array, which cannot be an array itself.
    let isElement: Bool

    private init(behind bytes: consuming ParameterBytes, isElement: Bool) {
        start = bytes.count
        self.bytes = bytes
        self.isElement = isElement
    }

    /// The number of bytes of the value so far.
    var count: Int { bytes.count - start }

    /// Makes the value this text, in the form in which PostgreSQL reads the type.
    public mutating func setText(_ text: String) throws {
        guard !text.utf8.contains(0) else {
            throw EncodingFailure(reason: "the text has a NUL character in it, which PostgreSQL cannot store")
        }
        bytes.truncate(to: start)
        bytes.append(contentsOf: text.utf8.span)
        encoding = .text
    }

    /// Appends bytes to the value's binary representation.
    public mutating func append(contentsOf bytes: some Sequence<UInt8>) {
        self.bytes.append(contentsOf: bytes)
        encoding = .binary
    }

    /// Appends an integer in network byte order to the value's binary representation.
    public mutating func append(_ integer: some FixedWidthInteger) {
        if integer.bitWidth <= UInt64.bitWidth {
            bytes.append(word: UInt64(truncatingIfNeeded: integer.byteSwapped), size: integer.bitWidth / 8)
        } else {
            for shift in stride(from: integer.bitWidth - 8, through: 0, by: -8) {
                bytes.append(word: UInt64(truncatingIfNeeded: integer >> shift), size: 1)
            }
        }
        encoding = .binary
    }

    /// Overwrites four bytes that were appended before.
    mutating func set(_ integer: Int32, at offset: Int) {
        let bits = UInt32(bitPattern: integer)
        for index in 0..<4 {
            bytes[start + offset + index] = UInt8(truncatingIfNeeded: bits >> (24 - 8 * index))
        }
    }

    /// Appends the encoding of an element of an array, and says what it is.
    mutating func append(element: some PostgresEncodable) throws -> StatementParameters.Encoding {
        try Self.encode(element, appendingTo: &bytes, isElement: true)
    }

    /// Encodes a value behind the bytes of a buffer.
    static func encode(
        _ value: some PostgresEncodable,
        appendingTo bytes: inout ParameterBytes,
        isElement: Bool = false
    ) throws -> StatementParameters.Encoding {
        // They are moved and not copied: there may be much in them.
        var encoder = PostgresEncoder(behind: consume bytes, isElement: isElement)
        defer { bytes = encoder.bytes }
        try value.encode(into: &encoder)
        return encoder.encoding
    }
}

/// Why a value cannot be sent; the query adds which parameter it is.
struct EncodingFailure: Error {
    var reason: String
}
