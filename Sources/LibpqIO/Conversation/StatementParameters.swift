/// The parameters of one statement, encoded: what `PQsendQueryParams` is given.
///
/// All values stand one behind the other in a single buffer, so a statement costs two allocations however many
/// parameters it has.
package struct StatementParameters: Sendable {
    /// One parameter: where its bytes are in the buffer, and how the server has to read them.
    struct Entry: Sendable {
        var type: UInt32
        var offset: Int
        /// -1 for NULL.
        var count: Int
        var isBinary: Bool
    }

    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []

    package init() {}

    /// Makes room for a number of parameters of usual size.
    package mutating func reserveCapacity(_ count: Int) {
        entries.reserveCapacity(count)
        bytes.reserveCapacity(count * 16)
    }

    /// The number of parameters so far.
    package var count: Int { entries.count }

    /// The types of the parameters; 0 where the server infers one.
    package var types: some Sequence<UInt32> { entries.lazy.map(\.type) }

    /// The most parameters that a statement can have: the protocol counts them in 16 bits.
    package static let maximumCount = 65_535

    /// Whether the values fit into one message: PostgreSQL takes none of 1 GiB, and drops the connection instead of saying so.
    var fitOneMessage: Bool {
        // The NUL behind each text is not sent, but takes less than what comes with each value.
        bytes.count < 1 << 30
    }

    /// Adds a NULL.
    ///
    /// - Parameter type: the object identifier of the parameter's type; 0 lets the server infer it.
    package mutating func appendNull(type: UInt32) {
        entries.append(Entry(type: type, offset: bytes.count, count: -1, isBinary: true))
    }

    /// Adds a value in binary format; `encode` appends its bytes to the buffer.
    package mutating func appendBinary(type: UInt32, _ encode: (inout [UInt8]) -> Void) {
        append(type: type, isBinary: true, encode)
    }

    /// Adds a value in text format; `encode` appends its UTF-8 bytes to the buffer.
    ///
    /// libpq reads a text parameter up to the first NUL, so one is added here; a NUL in the value itself has to be
    /// refused before, because PostgreSQL's text cannot hold it.
    package mutating func appendText(type: UInt32, _ encode: (inout [UInt8]) -> Void) {
        append(type: type, isBinary: false, encode)
        bytes.append(0)
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
        _ encode: (inout [UInt8]) throws(E) -> Encoding
    ) throws(E) {
        let offset = bytes.count
        let encoding: Encoding
        do throws(E) {
            encoding = try encode(&bytes)
        } catch {
            bytes.removeSubrange(offset...)
            throw error
        }
        let count = encoding == .null ? -1 : bytes.count - offset
        entries.append(Entry(type: type, offset: offset, count: count, isBinary: encoding != .text))
        if encoding == .text { bytes.append(0) }
    }

    /// Adds all parameters of another statement behind the ones that are here.
    package mutating func append(contentsOf other: StatementParameters) {
        let shift = bytes.count
        bytes.append(contentsOf: other.bytes)
        entries.append(
            contentsOf: other.entries.map { entry in
                var entry = entry
                entry.offset += shift
                return entry
            }
        )
    }

    private mutating func append(type: UInt32, isBinary: Bool, _ encode: (inout [UInt8]) -> Void) {
        let offset = bytes.count
        encode(&bytes)
        entries.append(Entry(type: type, offset: offset, count: bytes.count - offset, isBinary: isBinary))
    }
}
