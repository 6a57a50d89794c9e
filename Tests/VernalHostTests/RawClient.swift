import NIOCore
import NIOPosix

/// One TCP connection on which a test sends and reads bytes as they are.
struct RawConnection: ~Copyable {
    let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received: [UInt8] = []
    private var isAtEnd = false

    /// Connects, lends the connection, and closes it.
    static func open<Result: Sendable>(
        _ port: Int,
        _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(channel.channel, outbound, inbound.makeAsyncIterator())
            return try await body(&connection)
        }
    }

    private init(
        _ channel: any Channel,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) {
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound
    }

    /// Sends text with `\n` turned into CR LF, so that requests can be written as multi-line literals.
    func send(_ text: String) async throws {
        try await sendRaw(Array(text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n").utf8))
    }

    func sendRaw(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Reads one response; `nil` when the connection ended before its head was whole.
    mutating func response(toHead: Bool = false) async throws -> RawResponse? {
        while true {
            if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                var response = RawResponse(head: String(decoding: received[..<end.lowerBound], as: UTF8.self))
                received.removeSubrange(..<end.upperBound)
                if !toHead { try await readBody(into: &response) }
                return response
            }
            guard try await readMore() else { return nil }
        }
    }

    /// Reads to the end of the connection, and tells what came.
    mutating func rest() async throws -> String {
        while try await readMore() {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Reads what has come and at least something; `nil` at the end.
    mutating func some() async throws -> String? {
        if received.isEmpty { guard try await readMore() else { return nil } }
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    private mutating func readBody(into response: inout RawResponse) async throws {
        if response["transfer-encoding"] == "chunked" {
            while true {
                let line = try await take(upTo: "\r\n")
                let size = Int(line, radix: 16) ?? 0
                response.body += try await take(size)
                _ = try await take(2)
                if size == 0 { return }
                response.chunks += 1
            }
        } else if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try await take(length)
        } else if response.status >= 200, response.status != 204, response.status != 304 {
            response.body = try await rest()
        }
    }

    private mutating func take(upTo end: String) async throws -> String {
        while true {
            if let range = received.firstRange(of: Array(end.utf8)) {
                defer { received.removeSubrange(..<range.upperBound) }
                return String(decoding: received[..<range.lowerBound], as: UTF8.self)
            }
            guard try await readMore() else { throw Truncated() }
        }
    }

    private mutating func take(_ count: Int) async throws -> String {
        while received.count < count { guard try await readMore() else { throw Truncated() } }
        defer { received.removeFirst(count) }
        return String(decoding: received.prefix(count), as: UTF8.self)
    }

    private mutating func readMore() async throws -> Bool {
        guard !isAtEnd else { return false }
        do {
            guard let buffer = try await inbound.next(isolation: #isolation) else {
                isAtEnd = true
                return false
            }
            received.append(contentsOf: buffer.readableBytesView)
            return true
        } catch is IOError {  // Reset by the host: also an end.
            isAtEnd = true
            return false
        }
    }
}

/// A response ended in the middle.
struct Truncated: Error {}

/// A response as it came.
struct RawResponse: Sendable {
    let status: Int
    let head: String
    var body = ""
    var chunks = 0

    init(head: String) {
        self.head = head
        status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    subscript(name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name else { continue }
            return String(parts[1].drop { $0 == " " })
        }
        return nil
    }
}
