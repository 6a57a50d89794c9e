internal import NIOCore
package import NIOHTTP1
internal import NIOPosix

/// A connection to an HTTP server, for requests one after the other.
package struct HTTPRequester {
    private var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private let authority: String

    /// Connects and runs a closure with the connection.
    ///
    /// - Throws: `LocalFunctionsError` when nobody listens there, and what the closure throws.
    package static func connect<R: Sendable>(
        host: String,
        port: Int,
        _ body: (inout HTTPRequester) async throws -> R
    ) async throws -> R {
        let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        do {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw LocalFunctionsError.cannotReach(host: host, port: port)
        }
        return try await channel.executeThenClose { inbound, outbound in
            var requester = HTTPRequester(
                inbound: inbound.makeAsyncIterator(),
                outbound: outbound,
                authority: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            )
            return try await body(&requester)
        }
    }

    /// Sends a request and waits for the head of its answer.
    package mutating func send(
        _ method: HTTPMethod,
        _ target: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) async throws -> HTTPResponseHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)
        if !headers.contains(name: "host") { head.headers.add(name: "host", value: authority) }
        if !body.isEmpty || method == .POST || method == .PUT {
            head.headers.replaceOrAdd(name: "content-length", value: String(body.count))
        }
        var parts: [HTTPClientRequestPart] = [.head(head)]
        if !body.isEmpty { parts.append(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
        try await outbound.write(contentsOf: parts + [.end(nil)])
        while let part = try await inbound.next(isolation: #isolation) {
            if case .head(let head) = part, head.status != .continue { return head }
        }
        throw LocalFunctionsError.answerIncomplete
    }

    /// The next piece of the answer's body; `nil` behind the last one.
    package mutating func nextBytes() async throws -> [UInt8]? {
        while let part = try await inbound.next(isolation: #isolation) {
            switch part {
            case .body(let bytes): return Array(buffer: bytes)
            case .end: return nil
            case .head: continue
            }
        }
        throw LocalFunctionsError.answerIncomplete
    }

    /// Sends a request and reads the whole answer.
    package mutating func answer(
        _ method: HTTPMethod,
        _ target: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) async throws -> HTTPAnswer {
        let head = try await send(method, target, headers: headers, body: body)
        var bytes: [UInt8] = []
        while let more = try await nextBytes() { bytes += more }
        return HTTPAnswer(status: Int(head.status.code), headers: head.headers, body: bytes)
    }
}

/// A whole answer.
package struct HTTPAnswer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
