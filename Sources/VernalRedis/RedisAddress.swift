#if RedisAdmission

/// Where Redis is, and who asks it.
struct RedisAddress: Sendable, Hashable {
    var host = "localhost"
    var port = 6379
    var user: String?
    var password: String?
    var database = 0
    var usesTLS = false

    /// Reads `redis://` and `rediss://` (with TLS) URLs: `redis://[user:password@]host[:port][/database]`.
    ///
    /// - Throws: what is wrong with it, without what could be a secret.
    init(url: String) throws(RedisAdmissionError) {
        if url.hasPrefix("rediss://") {
            usesTLS = true
        } else if !url.hasPrefix("redis://") {
            throw RedisAdmissionError("a Redis URL begins with redis:// or rediss://")
        }
        var rest = url.dropFirst(usesTLS ? 9 : 8)
        if rest.contains("?") || rest.contains("#") {
            throw RedisAdmissionError("a Redis URL has no options: take everything from \"?\" or \"#\" on away")
        }
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            rest = rest[rest.index(after: at)...]
            guard login.count == 2 else { throw RedisAdmissionError("the login in a Redis URL is user:password") }
            user = login[0].isEmpty ? nil : try Self.decoded(login[0])
            password = try Self.decoded(login[1])
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
            if !path.isEmpty {
                guard let number = Int(path), (0...100_000).contains(number) else {
                    throw RedisAdmissionError("the database in a Redis URL is a number from 0 on")
                }
                database = number
            }
        }
        try read(hostAndPort: rest)
    }

    private mutating func read(hostAndPort text: Substring) throws(RedisAdmissionError) {
        var text = text
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            text = text[text.index(after: end)...]
        } else {
            host = String(text.prefix { $0 != ":" })
            text = text.dropFirst(host.count)
        }
        guard !host.isEmpty else { throw RedisAdmissionError("the Redis URL names no host") }
        guard !text.isEmpty else { return }
        guard text.hasPrefix(":"), let number = Int(text.dropFirst()), (1...65_535).contains(number) else {
            throw RedisAdmissionError("the port in a Redis URL is a number from 1 to 65535")
        }
        port = number
    }

    private static func decoded(_ text: Substring) throws(RedisAdmissionError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                throw RedisAdmissionError("a \"%\" in the login of a Redis URL is written %25")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

#endif
