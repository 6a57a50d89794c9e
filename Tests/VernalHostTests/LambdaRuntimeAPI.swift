import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The runtime API and the extensions API of AWS Lambda as a test plays them, on a real socket.
final class LambdaRuntimeAPI: Sendable {
    /// What "next" is answered.
    enum Next: Sendable {
        /// An invocation.
        case event(String, id: String = "id-1", headers: [(String, String)] = [], isChunked: Bool = false)
        /// Something else, without content.
        case status(Int)
        /// The end of the connection without an answer.
        case disconnect
    }

    /// What the function posted.
    struct Post: Sendable {
        let path: String
        let headers: HTTPHeaders
        let body: [UInt8]
        let trailers: HTTPHeaders?

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// How the API behaves beside that.
    struct Behaviour: Sendable {
        /// The status of the answer to a response or an error.
        var postStatus = 202
        /// Whether that answer ends the connection.
        var postCloses = false
        /// Whether a response breaks the connection instead of being answered.
        var postDisconnects = false
        /// The status of the answer to the registration of an extension.
        var registerStatus = 200
    }

    let posts = Mailbox<Post>()
    let events = Mailbox<Next>()
    let behaviour = Mutex(Behaviour())
    /// Every request, as method and path, in the order of their ends.
    let requests = Record<String>()
    /// How many connections were accepted.
    let connections = Record<Int>()

    /// Adds an invocation.
    func send(_ next: Next) { events.put(next) }

    /// Waits for the next response or error.
    func post() async throws -> Post {
        guard let post = await posts.take() else { throw CancellationError() }
        return post
    }

    /// Listens on a free port while the body runs.
    func run<Result: Sendable>(_ body: (Int) async throws -> Result) async throws -> Result {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Nobody would hear what is read before the connection is wrapped.
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return channel
                }
            }
        let port = listener.channel.localAddress?.port ?? 0
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { inbound in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in inbound {
                            self.connections.add(0)
                            group.addTask { await self.serve(connection) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(port)
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Serves a connection until it is closed by either side, even while a request waits.
    private func serve(_ channel: any Channel) async {
        guard let connection = try? await Self.open(channel) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await connection.executeThenClose { inbound, outbound in
                    var head: HTTPRequestHead?
                    var body = ByteBuffer()
                    for try await part in inbound {
                        switch part {
                        case .head(let new): (head, body) = (new, ByteBuffer())
                        case .body(var bytes): body.writeBuffer(&bytes)
                        case .end(let trailers):
                            guard let head else { return }
                            guard try await self.answer(head, Array(body.readableBytesView), trailers, outbound) else {
                                return
                            }
                        }
                    }
                }
            }
            try? await connection.channel.closeFuture.get()
            group.cancelAll()
        }
    }

    /// Wraps a connection when it is about to be served, because one that is wrapped and never served is a trap.
    private static func open(_ channel: any Channel) async throws -> Connection {
        try await channel.eventLoop.submit {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            let connection = try Connection(wrappingChannelSynchronously: channel)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            return connection
        }.get()
    }

    /// Answers a request, and tells whether the connection goes on.
    private func answer(
        _ head: HTTPRequestHead,
        _ body: [UInt8],
        _ trailers: HTTPHeaders?,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws -> Bool {
        requests.add("\(head.method) \(head.uri)")
        let behaviour = behaviour.withLock { $0 }
        switch head.uri {
        case let path where path.hasSuffix("/runtime/invocation/next"):
            guard let next = await events.take() else { return false }
            return try await answer(next, outbound)
        case let path where path.hasSuffix("/extension/register"):
            posts.put(Post(path: head.uri, headers: head.headers, body: body, trailers: trailers))
            try await write(
                behaviour.registerStatus,
                ["Lambda-Extension-Identifier": "extension-1"],
                to: outbound
            )
        case let path where path.hasSuffix("/extension/event/next"):
            posts.put(Post(path: head.uri, headers: head.headers, body: body, trailers: trailers))
            try await Task.sleep(for: .seconds(3600))
        default:
            posts.put(Post(path: head.uri, headers: head.headers, body: body, trailers: trailers))
            if behaviour.postDisconnects { return false }
            try await write(
                behaviour.postStatus,
                behaviour.postCloses ? ["Connection": "close"] : [:],
                #"{"status":"OK"}"#,
                to: outbound
            )
            return !behaviour.postCloses
        }
        return true
    }

    private func answer(
        _ next: Next,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws -> Bool {
        switch next {
        case .disconnect: return false
        case .status(let status): try await write(status, to: outbound)
        case .event(let body, let id, let more, let isChunked):
            var headers: HTTPHeaders = ["Lambda-Runtime-Aws-Request-Id": id, "Content-Type": "application/json"]
            for (name, value) in more { headers.add(name: name, value: value) }
            if isChunked { headers.add(name: "Transfer-Encoding", value: "chunked") }
            try await write(200, headers, body, to: outbound)
        }
        return true
    }

    private func write(
        _ status: Int,
        _ headers: HTTPHeaders = [:],
        _ body: String = "",
        to outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var headers = headers
        if status != 204, !headers.contains(name: "Transfer-Encoding") {
            headers.add(name: "Content-Length", value: String(body.utf8.count))
        }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        try await outbound.write(.head(head))
        // In two pieces, so that what is chunked really is.
        let half = body.utf8.count / 2
        for piece in [Array(body.utf8.prefix(half)), Array(body.utf8.dropFirst(half))] where !piece.isEmpty {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: piece))))
        }
        try await outbound.write(.end(nil))
    }
}

/// Things that one side puts in and another takes out, in order; several may wait.
final class Mailbox<Element: Sendable>: Sendable {
    private struct Content {
        var elements: [Element] = []
        var waiters: [(id: Int, continuation: CheckedContinuation<Element?, Never>)] = []
        var lastID = 0
    }

    private let content = Mutex(Content())

    func put(_ element: Element) {
        let waiter = content.withLock { content -> CheckedContinuation<Element?, Never>? in
            if content.waiters.isEmpty {
                content.elements.append(element)
                return nil
            }
            return content.waiters.removeFirst().continuation
        }
        waiter?.resume(returning: element)
    }

    /// Takes the oldest; `nil` when the task is cancelled.
    func take() async -> Element? {
        let id = content.withLock { content in
            content.lastID += 1
            return content.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let element = content.withLock { content -> Element?? in
                    if Task.isCancelled { return .some(nil) }
                    if !content.elements.isEmpty { return .some(content.elements.removeFirst()) }
                    content.waiters.append((id, continuation))
                    return nil
                }
                if let element { continuation.resume(returning: element) }
            }
        } onCancel: {
            let waiter = content.withLock { content in
                content.waiters.firstIndex { $0.id == id }.map { content.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(returning: nil)
        }
    }

    var isEmpty: Bool { content.withLock { $0.elements.isEmpty } }
}
