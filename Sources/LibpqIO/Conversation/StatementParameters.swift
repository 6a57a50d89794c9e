/// The parameters of one statement, encoded: what `PQsendQueryParams` is given.
///
/// All values stand one behind the other in a single buffer, each with what has to be known of it in front, so they
/// cost one allocation however many they are.
package struct StatementParameters: Sendable {
    /// What stands in front of a value.
    struct Header: BitwiseCopyable {
        static let size = MemoryLayout<Header>.stride
        static let binary: Int32 = 1

        var type: UInt32
        /// How many bytes it has; -1 for NULL.
        var count: Int32 = -1
        /// As libpq counts the formats: 0 is text, 1 is binary.
        var format = binary

        var isNull: Bool { count < 0 }

        /// How far it is to the next one: behind a text stands a NUL.
        var extent: Int { Self.size + (isNull ? 0 : Int(count) + (format == Self.binary ? 0 : 1)) }
    }

    private(set) var bytes: [UInt8] = []

    /// The number of parameters so far.
    package private(set) var count = 0

    /// Whether one of the values was too large, so that it is not there.
    private var lacksValue = false

    package init() {}

    /// Makes room for a number of parameters of usual size.
    package mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count * (Header.size + 16))
    }

    /// The same for parameters of the same types.
    package var signature: UInt64 {
        var hash = FNVHash()
        var offset = 0
        for _ in 0..<count {
            let header = header(at: offset)
            hash.combine(header.type)
            offset += header.extent
        }
        return hash.value
    }

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
        append(Header(type: type))
    }

    /// Adds a value in binary format; `encode` appends its bytes to the buffer.
    package mutating func appendBinary(type: UInt32, _ encode: (inout [UInt8]) -> Void) {
        append(type: type) { bytes in
            encode(&bytes)
            return .binary
        }
    }

    /// Adds a value in text format; `encode` appends its UTF-8 bytes to the buffer.
    ///
    /// libpq reads a text parameter up to the first NUL, so one is added here; a NUL in the value itself has to be
    /// refused before, because PostgreSQL's text cannot hold it.
    package mutating func appendText(type: UInt32, _ encode: (inout [UInt8]) -> Void) {
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
        _ encode: (inout [UInt8]) throws(E) -> Encoding
    ) throws(E) {
        let start = bytes.count
        var header = Header(type: type)
        append(header)
        let offset = bytes.count
        let encoding: Encoding
        do throws(E) {
            encoding = try encode(&bytes)
        } catch {
            bytes.removeSubrange(start...)
            count -= 1
            throw error
        }
        guard encoding != .null else { return bytes.removeSubrange(offset...) }
        guard bytes.count - offset < Self.maximumSize else {
            lacksValue = true
            return bytes.removeSubrange(offset...)
        }
        header.count = Int32(bytes.count - offset)
        if encoding == .text {
            header.format = 0
            bytes.append(0)
        }
        unsafe bytes.withUnsafeMutableBytes { unsafe $0.storeBytes(of: header, toByteOffset: start, as: Header.self) }
    }

    private mutating func append(_ header: Header) {
        count += 1
        unsafe withUnsafeBytes(of: header) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Adds all parameters of another statement behind the ones that are here.
    package mutating func append(contentsOf other: StatementParameters) {
        bytes.append(contentsOf: other.bytes)
        count += other.count
        lacksValue = lacksValue || other.lacksValue
    }

    /// What is known of the parameter whose header begins at an offset.
    func header(at offset: Int) -> Header {
        unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Header.self) }
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer, the highest first.
    @inlinable
    package mutating func append(inNetworkOrder integer: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: integer.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
