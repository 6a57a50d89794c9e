internal import LibpqIO

/// Where the rows of a `copyRows` go; it is lent to its closure.
///
/// Each value is written as PostgreSQL prints it, and escaped, so that no value can end a row or a column.
public struct CopyRowWriter: ~Copyable {
    private var writer: CopyWriter

    init(_ writer: consuming CopyWriter) {
        self.writer = writer
    }

    /// Writes a row: one value for each column, `nil` for NULL.
    ///
    /// All types that can be bound to a query can be written, but for arrays of other types than text: write those as their text,
    /// `"{1,2}"`. The server reads each text as the type of its column.
    ///
    /// - Throws: `VernalError` as `CopyWriter.write(_:)`; `invalidParameter` when a value cannot be written or the number of columns is
    ///   another, after which the copy goes on.
    public mutating func write<each Value: PostgresEncodable>(_ values: repeat each Value) async throws {
        let columnCount = writer.columnCount
        // A pack cannot be captured together with what changes.
        var row: [UInt8] = []
        var column = 0
        for value in repeat each values {
            if column > 0 { row.append(UInt8(ascii: "\t")) }
            column += 1
            try CopyText.append(value, column: column, to: &row)
        }
        try Self.check(column, columnCount)
        row.append(UInt8(ascii: "\n"))
        try await writer.write(row)
    }

    /// Writes a row whose number of columns is known only when the program runs: one text for each, `nil` for NULL.
    ///
    /// - Throws: as the other one.
    public mutating func write(texts: [String?]) async throws {
        try Self.check(texts.count, writer.columnCount)
        try await writer.write { (buffer: inout [UInt8]) throws(VernalError) in
            for (index, text) in texts.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: "\t")) }
                guard let text else {
                    buffer.append(contentsOf: CopyText.null)
                    continue
                }
                guard CopyText.append(escaping: text.utf8.span, to: &buffer) else {
                    throw CopyText.refusal(column: index + 1, CopyText.nul)
                }
            }
            buffer.append(UInt8(ascii: "\n"))
        }
    }

    private static func check(_ count: Int, _ wanted: Int) throws(VernalError) {
        guard count != wanted else { return }
        throw VernalError(.invalidParameter, "a row has \(count) values, and the copy has \(wanted) columns")
    }

    /// Gives the writer back.
    consuming func finish() -> CopyWriter { writer }
}

/// The text format of `COPY`: columns end with a tab, rows with a line feed, NULL is `\N`.
enum CopyText {
    static let null = Array(#"\N"#.utf8)
    static let nul = "the text has a NUL character in it, which PostgreSQL cannot store"

    /// Appends a value.
    static func append(_ value: some PostgresEncodable, column: Int, to row: inout [UInt8]) throws(VernalError) {
        var bytes = ParameterBytes()
        do {
            switch try PostgresEncoder.encode(value, appendingTo: &bytes) {
            case .null:
                row.append(contentsOf: null)
            case .text:
                _ = bytes.withSpan { append(escaping: $0, to: &row) }
            case .binary:
                let text = try bytes.withSpan { bytes in try textOfBinary(bytes, type(of: value).postgresType) }
                guard append(escaping: text.utf8.span, to: &row) else { throw EncodingFailure(reason: nul) }
            }
        } catch {
            let reason =
                switch error {
                case let error as EncodingFailure: error.reason
                case is DecodingFailure: "it has no text form here; write its text"
                default: "it refused to be encoded"
                }
            throw refusal(column: column, "\(type(of: value)): \(reason)")
        }
    }

    /// Appends text, in which what ends a column or a row is escaped.
    ///
    /// - Returns: `false` if there is a NUL in it.
    static func append(escaping text: Span<UInt8>, to row: inout [UInt8]) -> Bool {
        for index in text.indices {
            let byte = text[index]
            let letter: UInt8
            switch byte {
            case UInt8(ascii: "\\"): letter = byte
            case UInt8(ascii: "\n"): letter = UInt8(ascii: "n")
            case UInt8(ascii: "\r"): letter = UInt8(ascii: "r")
            case UInt8(ascii: "\t"): letter = UInt8(ascii: "t")
            case 0: return false
            default:
                row.append(byte)
                continue
            }
            row.append(UInt8(ascii: "\\"))
            row.append(letter)
        }
        return true
    }

    static func refusal(column: Int, _ reason: String) -> VernalError {
        VernalError(.invalidParameter, "the value of column \(column) cannot be written (\(reason))")
    }
}
