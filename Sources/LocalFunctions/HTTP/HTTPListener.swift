internal import NIOCore
package import NIOHTTP1
internal import NIOPosix

/// Listens for HTTP and hands each request to a closure; the requests of one connection come one after the other.
package struct HTTPListener: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// The address that it is bound to.
    package let host: String
    package let port: Int
    private let listener: NIOAsyncChannel<any Channel, Never>

    /// Begins to listen; port 0 is any free one.
    ///
    /// - Throws: `LocalFunctionsError` when the address is taken or is none.
    package static func bind(host: String, port: Int) async throws -> HTTPListener {
        do {
            let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.autoRead, value: false)
                .bind(host: host, port: port) { channel in channel.eventLoop.makeSucceededFuture(channel) }
            let address = listener.channel.localAddress
            return HTTPListener(host: address?.ipAddress ?? host, port: address?.port ?? port, listener: listener)
        } catch {
            throw LocalFunctionsError.cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    /// Makes an accepted connection one for HTTP.
    ///
    /// Only when it is about to be served: a `NIOAsyncChannel` that is made and never run is a programming error.
    private static func open(_ channel: any Channel) async throws -> Connection {
        try await channel.eventLoop.submit {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
            let connection = try Connection(
                wrappingChannelSynchronously: channel,
                configuration: .init(backPressureStrategy: .init(lowWatermark: 4, highWatermark: 32))
            )
            try channel.syncOptions?.setOption(.autoRead, value: true)
            return connection
        }.get()
    }

    /// Serves until the task is cancelled; then all connections are closed.
    ///
    /// - Parameter respond: Answers one request. It is cancelled when the client goes away.
    package func run(respond: @escaping @Sendable (inout HTTPCall) async throws -> Void) async {
        await withDiscardingTaskGroup { group in
            try? await listener.executeThenClose { inbound in
                for try await channel in inbound {
                    group.addTask {
                        if let connection = try? await Self.open(channel) { await Self.serve(connection, respond) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Serves one connection; its end cancels what is being answered.
    private static func serve(
        _ connection: Connection,
        _ respond: @escaping @Sendable (inout HTTPCall) async throws -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // What goes wrong here is the connection's: there is nobody left to tell.
                try? await connection.executeThenClose { inbound, outbound in
                    var parts = inbound.makeAsyncIterator()
                    while case .head(let head)? = try await parts.next(isolation: #isolation) {
                        let remote = connection.channel.remoteAddress
                        let reply = HTTPReply(outbound: outbound, request: head)
                        var call = HTTPCall(head: head, remoteAddress: remote?.ipAddress, reply: reply, parts: parts)
                        try await respond(&call)
                        try await call.skipBody()
                        parts = call.parts
                        if !head.isKeepAlive || call.reply.closes { return }
                    }
                }
            }
            try? await connection.channel.closeFuture.get()
            group.cancelAll()
        }
    }
}

/// One request, and the way to answer it.
package struct HTTPCall {
    /// Method, target and fields.
    package let head: HTTPRequestHead
    /// Where the client is.
    package let remoteAddress: String?
    /// Sends the answer.
    package let reply: HTTPReply
    var parts: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private var isAtEnd = false
    /// The fields behind the body, once that was read.
    package private(set) var trailers: HTTPHeaders?

    init(
        head: HTTPRequestHead,
        remoteAddress: String?,
        reply: HTTPReply,
        parts: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    ) {
        self.head = head
        self.remoteAddress = remoteAddress
        self.reply = reply
        self.parts = parts
    }

    /// The path, without the query.
    package var path: Substring { head.uri.prefix { $0 != "?" } }

    /// The query, without the question mark.
    package var query: Substring { head.uri.drop { $0 != "?" }.dropFirst() }

    /// The next piece of the body; `nil` behind the last one.
    package mutating func nextBytes() async throws -> [UInt8]? {
        while !isAtEnd {
            switch try await parts.next(isolation: #isolation) {
            case .body(let bytes): return Array(buffer: bytes)
            case .end(let trailers):
                isAtEnd = true
                self.trailers = trailers
            case .head: break
            case nil: throw LocalFunctionsError.requestIncomplete
            }
        }
        return nil
    }

    /// Reads the body; `nil` when it is longer than the limit, and then the rest was read and dropped.
    package mutating func body(upTo limit: Int) async throws -> [UInt8]? {
        if head.headers.first(name: "Expect")?.lowercased() == "100-continue" { try await reply.sendContinue() }
        var body: [UInt8] = []
        var isTooLong = false
        while let bytes = try await nextBytes() {
            if body.count + bytes.count > limit { isTooLong = true }
            if isTooLong { body = [] } else if body.isEmpty { body = bytes } else { body += bytes }
        }
        return isTooLong ? nil : body
    }

    mutating func skipBody() async throws {
        while try await nextBytes() != nil {}
    }
}
