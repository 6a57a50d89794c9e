package import NIOCore
package import NIOHTTP1

/// What is done on a connection to the runtime API.
package enum RuntimeCommand: Sendable {
    /// Sends a request whole; its answer keeps the promise.
    case request(RuntimeRequest, EventLoopPromise<RuntimeResponse>)
    /// Begins a request whose content follows.
    case begin(RuntimeRequest, EventLoopPromise<RuntimeResponse>)
    /// Sends some of that content.
    case content([UInt8])
    /// Ends that content.
    case end(trailers: HTTPHeaders?)
}

/// One request and its answer after another, on one connection.
final class RuntimeExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = RuntimeCommand
    typealias OutboundOut = HTTPClientRequestPart

    private let endpoint: RuntimeEndpoint
    /// Waits for the answer to the request that was begun.
    private var answer: EventLoopPromise<RuntimeResponse>?
    private var isSending = false
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(endpoint: RuntimeEndpoint) {
        self.endpoint = endpoint
    }

    // MARK: The request

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .request(let request, let answer):
            begin(request, answer, length: request.method == .GET ? nil : request.body.count, context)
            if !request.body.isEmpty {
                let body = ByteBuffer(bytes: request.body)
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            }
            isSending = false
            context.write(Self.wrapOutboundOut(.end(nil)), promise: promise)
        case .begin(let request, let answer):
            begin(request, answer, length: nil, context)
            promise?.succeed()
        case .content where answer == nil, .end where answer == nil:
            // It was answered before its end: nobody wants the rest.
            promise?.fail(RuntimeConnectionError.answeredEarly)
        case .content(let bytes):
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: promise)
        case .end(let trailers):
            isSending = false
            context.write(Self.wrapOutboundOut(.end(trailers)), promise: promise)
        }
    }

    private func begin(
        _ request: RuntimeRequest,
        _ answer: EventLoopPromise<RuntimeResponse>,
        length: Int?,
        _ context: ChannelHandlerContext
    ) {
        self.answer = answer
        isSending = true
        var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: endpoint.path + request.path)
        head.headers = request.headers
        head.headers.add(name: "Host", value: endpoint.authority)
        head.headers.add(name: "User-Agent", value: "vernal")
        if let length { head.headers.add(name: "Content-Length", value: String(length)) }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    }

    // MARK: The answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var bytes):
            guard body.readableBytes + bytes.readableBytes <= LambdaLimits.eventBytes else {
                return fail(RuntimeConnectionError.answerTooLarge, context)
            }
            if body.readableBytes == 0 { body = bytes } else { body.writeBuffer(&bytes) }
        case .end:
            guard let head, let answer else { return }
            (self.head, self.answer) = (nil, nil)
            let bytes = Array(body.readableBytesView)
            body = ByteBuffer()
            if !head.isKeepAlive || isSending { context.close(promise: nil) }
            answer.succeed(RuntimeResponse(status: Int(head.status.code), headers: head.headers, body: bytes))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(RuntimeConnectionError.closed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error, context)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        answer?.fail(error)
        answer = nil
        context.close(promise: nil)
    }
}

/// Why an exchange with the runtime API came to nothing.
package enum RuntimeConnectionError: Error, Sendable {
    /// The connection was closed before the answer was whole.
    case closed
    /// The answer is larger than any that the API gives.
    case answerTooLarge
    /// The API answered before the request was sent whole.
    case answeredEarly
}
