/// Reads along on a connection to PostgreSQL and tells what matters: when it is ready, refused, or has rows.
package struct LinkReader: Sendable {
    /// Something that was seen.
    package enum Sight: Sendable, Hashable {
        /// The server is ready for the first query.
        case ready
        /// The server refused the connection.
        case refused(sqlState: String)
        /// The first row of a result.
        case row
    }

    /// The server answers a request for encryption with one byte that is not a message.
    private var expectsEncryptionByte = false
    private var isOpaque = false
    private var isReady = false
    private var hasRow = false
    private var partial: [UInt8] = []
    /// Bytes of the current message that are not looked at.
    private var toSkip = 0

    package init() {}

    /// The client sent something.
    package mutating func clientSent(_ bytes: some Collection<UInt8>) {
        guard !isReady, bytes.count >= 8 else { return }
        let code = Array(bytes.prefix(8).suffix(4))
        // SSLRequest and GSSENCRequest.
        if bytes.count == 8, code == [0x04, 0xD2, 0x16, 0x2F] || code == [0x04, 0xD2, 0x16, 0x30] {
            expectsEncryptionByte = true
        }
    }

    /// The server sent something.
    package mutating func serverSent(_ bytes: some Collection<UInt8>) -> [Sight] {
        guard !isOpaque, !(isReady && hasRow) else { return [] }
        var sights: [Sight] = []
        var rest = bytes[...]
        if expectsEncryptionByte, let answer = rest.first {
            expectsEncryptionByte = false
            if answer != UInt8(ascii: "N") {
                isOpaque = true
                return []
            }
            rest = rest.dropFirst()
        }
        while !rest.isEmpty {
            if toSkip > 0 {
                let skipped = min(toSkip, rest.count)
                toSkip -= skipped
                rest = rest.dropFirst(skipped)
                continue
            }
            let wanted = partial.first == UInt8(ascii: "E") && partial.count >= 5 ? min(length, 512) + 1 : 5
            let taken = rest.prefix(max(0, wanted - partial.count))
            partial.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            guard partial.count >= 5 else { break }
            if partial[0] == UInt8(ascii: "E"), partial.count < min(length, 512) + 1 {
                if rest.isEmpty { break }
                continue
            }
            if let sight = look() { sights.append(sight) }
            toSkip = max(0, length + 1 - partial.count)
            partial.removeAll(keepingCapacity: true)
        }
        return sights
    }

    /// The length that the message says it has, without its type.
    private var length: Int { partial[1..<5].reduce(0) { $0 << 8 | Int($1) } }

    private mutating func look() -> Sight? {
        switch partial[0] {
        case UInt8(ascii: "Z") where !isReady:
            isReady = true
            return .ready
        case UInt8(ascii: "D") where !hasRow:
            hasRow = true
            return .row
        case UInt8(ascii: "E") where !isReady:
            return .refused(sqlState: sqlState ?? "")
        default: return nil
        }
    }

    /// The field `C` of an error message.
    private var sqlState: String? {
        for field in partial[5...].split(separator: 0) where field.first == UInt8(ascii: "C") {
            return String(decoding: field.dropFirst(), as: UTF8.self)
        }
        return nil
    }
}
