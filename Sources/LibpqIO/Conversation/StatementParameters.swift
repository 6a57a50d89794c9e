/// The parameters of one statement, encoded: what `PQsendQueryParams` is given.
///
/// All values stand one behind the other, each with what has to be known of it in front, so they cost one allocation
/// however many they are, and none while they are few.
package struct StatementParameters: Sendable {
    /// What stands in front of a value.
    struct Header {
        static let size = MemoryLayout<UInt64>.size

        /// The type; in the upper half twice the number of bytes, and one more if they are binary, or -1 for NULL.
        let word: UInt64

        init(word: UInt64) {
            self.word = word
        }

        /// NULL.
        init(type: UInt32) {
            word = UInt64(type) | ~0 << 32
        }

        init(type: UInt32, count: Int, isBinary: Bool) {
            word = UInt64(type) | UInt64(count) << 33 | (isBinary ? 1 << 32 : 0)
        }

        var type: UInt32 { UInt32(truncatingIfNeeded: word) }

        var isNull: Bool { word >> 32 == UInt32.max }

        /// How many bytes it has.
        var count: Int { isNull ? 0 : Int(word >> 33) }

        /// As libpq counts the formats: 0 is text, 1 is binary.
        var format: Int32 { Int32(truncatingIfNeeded: word >> 32 & 1) }

        /// How far it is to the next one: behind a text stands a NUL.
        var extent: Int { Self.size + count + (format == 0 ? 1 : 0) }
    }

    private(set) var bytes = ParameterBytes()

    /// The number of parameters so far.
    package private(set) var count = 0

    /// The same for parameters of the same types.
    package var signature: UInt64 { types.value }

    private var types = FNVHash()

    /// Whether one of the values was too large, so that it is not there.
    private var lacksValue = false

    package init() {}

    /// The most parameters that a statement can have: the protocol counts them in 16 bits.
    package static let maximumCount = 65_535

    /// The most bytes of all parameters: PostgreSQL takes no message of 1 GiB, and drops the connection instead of saying so.
    private static let maximumSize = 1 << 30

    /// Whether the values fit into one message.
    ///
    /// The headers and the NUL behind each text are not sent, but take about as much as what is sent with each value.
    var fitOneMessage: Bool { !lacksValue && bytes.count < Self.maximumSize }

    /// Adds a NULL.
    ///
    /// - Parameter type: the object identifier of the parameter's type; 0 lets the server infer it.
    package mutating func appendNull(type: UInt32) {
        bytes.append(word: Header(type: type).word, size: Header.size)
        types.combine(type)
        count += 1
    }

    /// Adds a value in binary format; `encode` appends its bytes to the buffer.
    package mutating func appendBinary(type: UInt32, _ encode: (inout ParameterBytes) -> Void) {
        append(type: type) { bytes in
            encode(&bytes)
            return .binary
        }
    }

    /// Adds a value in text format; `encode` appends its UTF-8 bytes to the buffer.
    ///
    /// libpq reads a text parameter up to the first NUL, so one is added here; a NUL in the value itself has to be
    /// refused before, because PostgreSQL's text cannot hold it.
    package mutating func appendText(type: UInt32, _ encode: (inout ParameterBytes) -> Void) {
        append(type: type) { bytes in
            encode(&bytes)
            return .text
        }
    }

    /// What the bytes of a value turned out to be.
    package enum Encoding: Sendable, Hashable {
        case null, text, binary
    }

    /// Adds a value whose format is known only once it is encoded; `encode` appends its bytes to the buffer.
    ///
    /// An error leaves the parameters as they were.
    package mutating func append<E: Error>(
        type: UInt32,
        _ encode: (inout ParameterBytes) throws(E) -> Encoding
    ) throws(E) {
        let start = bytes.count
        bytes.append(word: Header(type: type).word, size: Header.size)
        let offset = bytes.count
        let encoding: Encoding
        do throws(E) {
            encoding = try encode(&bytes)
        } catch {
            bytes.truncate(to: start)
            throw error
        }
        types.combine(type)
        count += 1
        guard encoding != .null else { return bytes.truncate(to: offset) }
        let size = bytes.count - offset
        guard size < Self.maximumSize else {
            lacksValue = true
            return bytes.truncate(to: offset)
        }
        if encoding == .text { bytes.append(word: 0, size: 1) }
        bytes.replace(at: start, word: Header(type: type, count: size, isBinary: encoding == .binary).word)
    }

    /// Adds all parameters of another statement behind the ones that are here.
    package mutating func append(contentsOf other: StatementParameters) {
        bytes.append(contentsOf: other.bytes)
        other.bytes.withSpan { bytes in
            Self.forEach(of: other.count, in: bytes) { header, _ in types.combine(header.type) }
        }
        count += other.count
        lacksValue = lacksValue || other.lacksValue
    }

    /// Gives `body` what is known of each, and the offset of its value.
    @inline(__always)
    static func forEach(of count: Int, in bytes: Span<UInt8>, _ body: (Header, Int) -> Void) {
        var offset = 0
        for _ in 0..<count {
            let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let header = Header(word: word.littleEndian)
            body(header, offset + Header.size)
            offset += header.extent
        }
    }
}
