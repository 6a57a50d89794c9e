import HTTPTypes
import NIOCore
import Synchronization

/// Sends the answers of one connection.
final class HTTPExchange: Sendable {
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<OutgoingPart>
    private let runner: InvocationRunner
    private let date: DateHeader
    private let over = Mutex(false)

    init(
        channel: any Channel,
        outbound: NIOAsyncChannelOutboundWriter<OutgoingPart>,
        runner: InvocationRunner,
        date: DateHeader
    ) {
        self.channel = channel
        self.outbound = outbound
        self.runner = runner
        self.date = date
    }

    /// Whether the last answer of the connection was sent; requests after it are not begun.
    var isOver: Bool { over.withLock { $0 } }

    /// Sends one answer whole.
    func send(_ answer: Answer, to incoming: IncomingRequest) async throws {
        let response = answer.response
        let content: [UInt8]? = if case .bytes(let bytes) = response.body { bytes } else { nil }
        let isEnding = Task.isCancelled || answer.isLast || runner.withState { $0.phase != .accepting }
        // Looked up only where it counts: the first look-up in header fields makes an index of them.
        let isHead = incoming.framing.method == .head
        let framing = ResponseFraming(
            status: response.status.code,
            contentBytes: content?.count,
            declaredLength: isHead ? response.headers[.contentLength].flatMap { Int($0) } : nil,
            request: incoming.framing,
            closing: isEnding
        )
        if framing.closes { over.withLock { $0 = true } }
        var head = encodeHead(
            of: response,
            framing: framing,
            requestID: answer.requestID,
            traceParent: incoming.traceParent,
            date: date.current,
            room: framing.sendsContent ? content?.count ?? 0 : 0
        )
        if framing.sendsContent, case .stream(let produce) = response.body {
            return try await stream(produce, after: head, framing)
        }
        if framing.sendsContent, let content { head.writeBytes(content) }
        let part = OutgoingPart.end(head, closes: framing.closes)
        do {
            try await outbound.write(part)
        } catch is CancellationError {
            // The writer refuses the work of a cancelled task, but the client is still owed an answer.
            channel.writeAndFlush(part, promise: nil)
        } catch {
            throw channel.isActive ? error : CancellationError()
        }
    }

    private func stream(
        _ produce: @Sendable (inout ResponseBodyWriter) async throws -> Void,
        after head: ByteBuffer,
        _ framing: ResponseFraming
    ) async throws {
        do {
            try await outbound.write(.bytes(head))
            var writer = ResponseBodyWriter { [outbound] bytes in
                guard !bytes.isEmpty else { return }
                try await outbound.write(.bytes(framing.isChunked ? encodeChunk(bytes) : ByteBuffer(bytes: bytes)))
            }
            try await produce(&writer)
            try await outbound.write(.end(framing.isChunked ? lastChunk : ByteBuffer(), closes: framing.closes))
        } catch {
            // Without the last chunk the client can tell that the content is not whole.
            over.withLock { $0 = true }
            // Looked at before the close, which cancels this task too.
            let isGone = Task.isCancelled || !channel.isActive
            channel.close(promise: nil)
            throw isGone ? CancellationError() : error
        }
    }
}
