import LibpqIO

// Text is sent without a type (oid 0) in text format, exactly like a literal in quotes: the server infers the type from
// where the parameter stands and parses the text as it. So a String can be compared with a `uuid`, an `inet` or an enum
// column, and be stored in a `date` one. Declared as `text` all of those would fail. Where nothing tells the type, as in
// `SELECT \(name)`, it is `text`; where several functions fit, a cast decides: `\(name)::text`.

extension String: PostgresCodable {
    /// Unspecified: the server infers the type.
    public static var postgresType: PostgresType { .unspecified }

    /// Writes the text; one with a NUL character is an error.
    public func encode(into encoder: inout PostgresEncoder) throws { try encoder.setText(self) }

    /// Reads text of any kind, the labels of enums, and most other types as PostgreSQL prints them.
    ///
    /// Times are printed in ISO style, and those with a time zone in UTC. The rest (geometric types, ranges, arrays,
    /// `money`, composite types) has to be cast in the query: `::text`.
    ///
    /// The values of a type that an extension or a user defined are taken as text if they look like it (enums and
    /// `citext` do): no NUL and no other control characters than tab and line ends.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> String {
        switch type {
        case .text, .varchar, .bpchar, .name, .json, .xml: return try bytes.text()
        default:
            if format == .text { return try bytes.text() }
            return try textOfBinary(bytes, type)
        }
    }
}

extension Substring: PostgresEncodable {
    /// Unspecified: the server infers the type.
    public static var postgresType: PostgresType { .unspecified }

    /// Writes the text; one with a NUL character is an error.
    public func encode(into encoder: inout PostgresEncoder) throws { try encoder.setText(String(self)) }
}

/// What PostgreSQL would have printed for a binary value.
func textOfBinary(_ bytes: Span<UInt8>, _ type: PostgresType) throws -> String {
    switch type {
    case .jsonb: return try bytes.extracting(jsonStart(bytes, type, .binary)...).text()
    case .int2, .int4, .int8, .oid: return String(try integer(bytes, type, .binary))
    case .bool: return try Bool.decode(bytes, type: type, format: .binary) ? "t" : "f"
    case .float4: return floatText(try Float.decode(bytes, type: type, format: .binary), plainDigits: 6)
    case .float8: return floatText(try Double.decode(bytes, type: type, format: .binary), plainDigits: 15)
    case .numeric: return try NumericValue(binary: bytes).text
    case .uuid: return try uuidText(bytes)
    case .bytea: return "\\x" + hexText(bytes, 0..<bytes.count)
    case .date, .time, .timetz, .timestamp, .timestamptz, .interval: return try timeText(bytes, type)
    case .inet, .cidr: return try networkText(bytes)
    case .macaddr: return try hardwareAddressText(bytes, count: 6)
    case .macaddr8: return try hardwareAddressText(bytes, count: 8)
    case .bit, .varbit: return try bitText(bytes)
    case PostgresType(oid: 705), PostgresType(oid: 2278), PostgresType(oid: 1790):
        // unknown, void and refcursor are sent as text.
        return try bytes.text()
    case PostgresType(oid: 18):
        // "char" is one byte, which is zero for an empty text.
        return bytes.count == 1 && bytes[0] == 0 ? "" : try bytes.text()
    default:
        if type.isUserDefined, bytes.looksLikeText { return try bytes.text() }
        throw DecodingFailure.wrongType("cast it in the query to read its text: `::text`")
    }
}

extension Span<UInt8> {
    /// Whether there is no control character but tab and line ends.
    ///
    /// Binary representations nearly always have a zero
    /// byte, as most begin with a count, a length or a version.
    fileprivate var looksLikeText: Bool {
        for index in indices {
            let byte = self[index]
            if byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D || byte == 0x7F { return false }
        }
        return true
    }
}

/// A floating-point number as PostgreSQL prints it: the shortest digits that read back as the same number, and an
/// exponent if there would be more than `plainDigits` digits before the point.
private func floatText<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T, plainDigits: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    // Swift prints the shortest digits as well, but chooses exponents differently. (Where the shortest digits lie exactly
    // between two numbers, PostgreSQL prints one more: 3.3554448e+07 for 3.355445e+07. Both read back as the same.)
    var digits: [UInt8] = []
    var pointAt: Int?
    var exponent = 0
    let description = value.description
    var rest = description.utf8[...]
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    while let character = rest.popFirst() {
        switch character {
        case UInt8(ascii: "."): pointAt = digits.count
        case UInt8(ascii: "e"):
            exponent = Int(Substring(rest)) ?? 0
            rest = rest.suffix(0)
        default: digits.append(character)
        }
    }
    // The number is 0.DIGITS times ten to the power of `scale`.
    var scale = (pointAt ?? digits.count) + exponent
    while digits.first == UInt8(ascii: "0") {
        digits.removeFirst()
        scale -= 1
    }
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    let sign = value.sign == .minus ? "-" : ""
    if digits.isEmpty { return sign + "0" }
    func text(_ digits: some Sequence<UInt8>) -> String { String(decoding: Array(digits), as: UTF8.self) }
    if scale - 1 < -4 || scale > plainDigits {
        let power = scale - 1
        let fraction = digits.count > 1 ? "." + text(digits.dropFirst()) : ""
        return sign + text(digits.prefix(1)) + fraction + (power < 0 ? "e-" : "e+") + twoDigits(abs(power))
    }
    if scale <= 0 { return sign + "0." + String(repeating: "0", count: -scale) + text(digits) }
    if scale >= digits.count { return sign + text(digits) + String(repeating: "0", count: scale - digits.count) }
    return sign + text(digits.prefix(scale)) + "." + text(digits.dropFirst(scale))
}
