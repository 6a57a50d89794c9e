import LibpqIO

/// A type that can be read from a column.
///
/// A type of your own usually hands over to one that is known already:
///
/// ```swift
/// extension Email: PostgresDecodable {
///     static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Email {
///         try Email(String.decode(bytes, type: type, format: format))
///     }
/// }
/// ```
///
/// Reading never loses anything: a wider type can be read from a narrower column (`Int` from `int4`), a narrower type
/// only if the value fits, and nothing is rounded (`Double` cannot be read from `numeric`).
public protocol PostgresDecodable {
    /// Reads a value that is not NULL.
    ///
    /// If this throws, the caller gets a `VernalError` that names the column, with yours as `underlying`.
    ///
    /// - Parameters:
    ///   - bytes: The bytes as the server sent them; valid during the call only.
    ///   - type: The type of the column, or of the element of an array.
    ///   - format: How the bytes are to be read. Queries ask for binary values.
    /// - Returns: The value.
    /// - Throws: Any error, if the bytes are no value of this type.
    static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Self

    /// What a NULL is read as; `nil`, the default, makes NULL an error.
    static var valueForNull: Self? { get }
}

extension PostgresDecodable {
    /// NULL is an error.
    @inlinable
    public static var valueForNull: Self? { nil }
}

/// Why a value cannot be read; the row adds which column it is.
///
/// It never has the value in it.
@usableFromInline
struct DecodingFailure: Error {
    @usableFromInline var reason: String

    @usableFromInline
    init(reason: String) {
        self.reason = reason
    }

    /// The column has a type that cannot be read so.
    static func wrongType(_ advice: String? = nil) -> DecodingFailure {
        DecodingFailure(reason: advice ?? "the types do not match")
    }

    /// The value is a valid one of its type, but the Swift type cannot hold it.
    @usableFromInline static let outOfRange = DecodingFailure(reason: "the value is out of range")

    /// The bytes are not what the type's representation looks like.
    static let malformed = DecodingFailure(reason: "the server sent bytes that are no value of the column's type")
}

extension Span<UInt8> {
    /// Checks that the value has exactly this many bytes.
    func requireCount(_ count: Int) throws(DecodingFailure) {
        guard self.count == count else { throw .malformed }
    }

    /// The bytes as text.
    func text() throws(DecodingFailure) -> String {
        guard let text = utf8String() else {
            throw DecodingFailure(reason: "the text is not UTF-8; is the encoding of the database SQL_ASCII?")
        }
        return text
    }
}
