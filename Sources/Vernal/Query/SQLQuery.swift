package import LibpqIO
internal import PoolCore

/// A statement and its parameters.
///
/// It is written as a string. What is interpolated is *bound* as a parameter and never becomes part of the text, so that
/// no value can change what the statement does:
///
/// ```swift
/// let query: SQLQuery = "SELECT * FROM users WHERE team = \(team) AND age > \(18)"
/// // SELECT * FROM users WHERE team = $1 AND age > $2
/// ```
///
/// Only types that PostgreSQL knows can be interpolated (`PostgresEncodable`); optionals bind NULL. Put no quotes around
/// an interpolation. To name the type of a parameter, cast it in the text: `\(price)::numeric`.
///
/// Other interpolations: `\(identifier: "my table")` quotes a name, `\(json: value)` binds `jsonb`, `\(other)` with
/// another `SQLQuery` embeds it, and `\(unsafeRaw: text)` inserts text as it is.
public struct SQLQuery: Sendable {
    /// The text of the statement with `$1`, `$2`, … in the places of the parameters.
    package private(set) var text = ""

    /// The parameters, encoded.
    package private(set) var parameters = StatementParameters()

    /// The first thing that was wrong.
    ///
    /// Interpolation cannot throw, so it is kept until the query is run.
    private var problem: VernalError?

    /// Where the placeholders are in the text, if scanning the text would not tell because it has a `$1` of its own.
    private var recordedPlaceholders: [Range<Int>]?

    /// Whether the text ends in a placeholder.
    private var endsInPlaceholder = false

    /// What the text ends in.
    private var lastByte: UInt8?

    init() {}

    /// Makes an empty one with room for so many bytes of text.
    init(capacity: Int) {
        // A string of up to 15 bytes needs no memory of its own.
        if capacity > 15 { text.reserveCapacity(capacity) }
    }

    /// Makes a statement without parameters from a text that is used as it is.
    ///
    /// The name is a warning: never build the text from what comes from outside.
    public init(unsafeRaw text: String) {
        append(text: text)
    }

    /// Checks that the query can be sent.
    ///
    /// - Throws: A `VernalError` with the code `invalidParameter` and the first thing that was wrong.
    package func validated() throws(VernalError) {
        if let problem { throw problem }
    }

    /// Appends another query; its parameters are renumbered.
    public mutating func append(_ other: SQLQuery) {
        if problem == nil { problem = other.problem }
        let source = other.text.utf8
        var index = source.startIndex
        for (number, range) in other.placeholders.enumerated() {
            let placeholder = source.index(source.startIndex, offsetBy: range.lowerBound)
            append(text: String(other.text[index..<placeholder]))
            appendPlaceholder(parameters.count + number + 1)
            index = source.index(source.startIndex, offsetBy: range.upperBound)
        }
        append(text: String(other.text[index...]))
        parameters.append(contentsOf: other.parameters)
        checkCount()
    }

    mutating func append(text more: String) {
        let glance = more.utf8.glance
        guard let first = glance.first else { return }
        if endsInPlaceholder {
            endsInPlaceholder = false
            if first == UInt8(ascii: "'"), quotePrecedesLastPlaceholder { refuse(Self.quotedInterpolation) }
            // "\(limit)0" is not parameter 10.
            if first.continuesWord { text += " " }
        }
        if glance.hasDollar || lastByte == UInt8(ascii: "$"), recordedPlaceholders == nil,
            more.utf8.hasPlaceholder(after: text.utf8.last)
        {
            recordedPlaceholders = placeholders
        }
        if glance.hasNUL { refuse("the text of the query has a NUL character in it") }
        text += more
        lastByte = glance.last
    }

    mutating func append<Value: PostgresEncodable>(value: Value) {
        let number = parameters.count + 1
        do {
            try parameters.append(type: Value.postgresType.oid) { bytes throws(any Error) in
                try PostgresEncoder.encode(value, appendingTo: &bytes)
            }
        } catch {
            let reason = (error as? EncodingFailure)?.reason ?? "it refused to be encoded"
            // The error of another type may have the value in it, so it is not part of the text.
            refuse("parameter $\(number) (\(Value.self)) cannot be sent: \(reason)", underlying: error)
            parameters.appendNull(type: 0)
        }
        appendPlaceholder(number)
        checkCount()
    }

    mutating func appendNull() {
        parameters.appendNull(type: 0)
        appendPlaceholder(parameters.count)
        checkCount()
    }

    mutating func append(identifiers: [String]) {
        for (index, name) in identifiers.enumerated() {
            if name.isEmpty { refuse("an identifier is empty") }
            if index > 0 { append(text: ".") }
            append(text: name.quotedAsName)
        }
    }

    mutating func refuse(_ message: String, underlying: (any Error)? = nil) {
        guard problem == nil else { return }
        problem = VernalError(.invalidParameter, message) { $0.underlying = underlying }
    }

    private mutating func appendPlaceholder(_ number: Int) {
        // Directly behind a word it would be part of the word.
        if lastByte?.continuesWord == true { text += " " }
        let start = text.utf8.count
        text += Self.placeholder(number)
        recordedPlaceholders?.append(start..<text.utf8.count)
        endsInPlaceholder = true
        lastByte = UInt8(ascii: "0")
    }

    private static func placeholder(_ number: Int) -> String {
        // Those of nearly all queries need not be written out each time.
        switch number {
        case 1: "$1"
        case 2: "$2"
        case 3: "$3"
        case 4: "$4"
        case 5: "$5"
        default: "$\(number)"
        }
    }

    private mutating func checkCount() {
        guard parameters.count > StatementParameters.maximumCount else { return }
        refuse(
            "the query has more than \(StatementParameters.maximumCount) parameters, which the protocol does not allow; "
                + "bind arrays (`= ANY(…)`, `unnest(…)`) or send several queries"
        )
    }

    private var placeholders: [Range<Int>] {
        recordedPlaceholders ?? Self.placeholders(in: text)
    }

    private static func placeholders(in text: String) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start: Int?
        var offset = 0
        for byte in text.utf8 {
            if let begin = start, !byte.isDigit {
                if offset > begin + 1 { ranges.append(begin..<offset) }
                start = nil
            }
            if byte == UInt8(ascii: "$") { start = offset }
            offset += 1
        }
        if let begin = start, offset > begin + 1 { ranges.append(begin..<offset) }
        return ranges
    }

    private var quotePrecedesLastPlaceholder: Bool {
        text.utf8.reversed().drop { $0.isDigit }.dropFirst().first == UInt8(ascii: "'")
    }

    private static let quotedInterpolation =
        "an interpolation stands in quotes ('\\(value)'); remove the quotes, as values are bound and not inserted"
}

extension SQLQuery: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text with placeholders; never the values.
    public var description: String { text }

    /// The text with placeholders and the number of parameters; never the values.
    public var debugDescription: String { "SQLQuery(\(text.debugDescription), \(parameters.count) parameters)" }

    /// The text with placeholders; never the values.
    public var customMirror: Mirror { Mirror(self, children: ["text": text], displayStyle: .struct) }
}

extension Collection<SQLQuery> {
    /// One query of all of them, with a text between each two: `conditions.joined(separator: " AND ")`.
    public func joined(separator: SQLQuery = "") -> SQLQuery {
        var result = SQLQuery()
        var isFirst = true
        for query in self {
            if !isFirst { result.append(separator) }
            result.append(query)
            isFirst = false
        }
        return result
    }
}

extension String.UTF8View {
    /// What is seen without a look at what stands next to what: nearly all texts have nothing of that.
    fileprivate var glance: (first: UInt8?, last: UInt8?, hasDollar: Bool, hasNUL: Bool) {
        let bytes = span
        guard !bytes.isEmpty else { return (nil, nil, false, false) }
        var dollars: UInt8 = 0
        var nuls: UInt8 = 0
        for index in bytes.indices {
            let byte = bytes[index]
            dollars |= byte == UInt8(ascii: "$") ? 1 : 0
            nuls |= byte == 0 ? 1 : 0
        }
        return (bytes[0], bytes[bytes.count - 1], dollars > 0, nuls > 0)
    }

    /// Whether there is a `$` with a digit behind it.
    fileprivate func hasPlaceholder(after previous: UInt8?) -> Bool {
        var isAfterDollar = previous == UInt8(ascii: "$")
        for byte in self {
            if isAfterDollar, byte.isDigit { return true }
            isAfterDollar = byte == UInt8(ascii: "$")
        }
        return false
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// Whether the byte can be in the middle of a number or an identifier.
    fileprivate var continuesWord: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}
