#if RedisAdmission
internal import CHiredis

/// One answer of Redis.
enum RedisReply: Sendable, Hashable {
    case text(String)
    case integer(Int)
    case list([RedisReply])
    case failure(String)
    case null

    var integers: [Int]? {
        guard case .list(let items) = self else { return nil }
        let numbers = items.compactMap { item -> Int? in if case .integer(let number) = item { number } else { nil } }
        return numbers.count == items.count ? numbers : nil
    }
}

/// hiredis' parser, and its writer: bytes in, answers out, and commands to bytes.
///
/// hiredis' own sockets are not used: they do not know how to wait in Swift, and TLS came to hiredis only with 1.0.
@safe
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>

    init?() {
        guard let reader = unsafe redisReaderCreate() else { return nil }
        unsafe self.reader = reader
    }

    deinit {
        unsafe redisReaderFree(reader)
    }

    /// Takes in what arrived.
    ///
    /// - Returns: whether it may be an answer.
    mutating func feed(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return true }
            return unsafe redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), buffer.count) == REDIS_OK
        }
    }

    /// The next answer, or `nil` when it is not complete.
    ///
    /// - Throws: when what arrived is no answer.
    mutating func next() throws(RedisAdmissionError) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &reply) == REDIS_OK else {
            throw RedisAdmissionError("what answers is no Redis")
        }
        guard let reply = unsafe reply else { return nil }
        defer { unsafe freeReplyObject(reply) }
        return unsafe Self.copy(reply.assumingMemoryBound(to: redisReply.self))
    }

    @unsafe
    private static func copy(_ reply: UnsafeMutablePointer<redisReply>) -> RedisReply {
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return unsafe .text(text(reply))
        case REDIS_REPLY_ERROR: return unsafe .failure(text(reply))
        case REDIS_REPLY_INTEGER: return unsafe .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_ARRAY:
            let elements = unsafe UnsafeBufferPointer(start: reply.pointee.element, count: Int(reply.pointee.elements))
            return unsafe .list(elements.map { element in unsafe element.map { unsafe copy($0) } ?? .null })
        default: return .null
        }
    }

    @unsafe
    private static func text(_ reply: UnsafeMutablePointer<redisReply>) -> String {
        guard let start = unsafe reply.pointee.str else { return "" }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(reply.pointee.len))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// A command as Redis reads it.
    static func command(_ words: [String]) -> [UInt8] {
        // Written here: hiredis wants pointers to all words at a time, and the format is two lines for each.
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.utf8.count)\r\n".utf8)
            bytes += Array(word.utf8)
            bytes += [13, 10]
        }
        return bytes
    }
}

#endif
