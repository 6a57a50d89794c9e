import HTTPTypes
import NIOCore
import NIOHTTP1

/// The protocol of one connection: makes whole requests of the parser's parts, refuses what breaks a rule, keeps the
/// order of answers, and closes politely.
///
/// A refusal is an answer like any other: it waits for the answers to the requests before it.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = IncomingRequest
    typealias OutboundIn = OutgoingPart
    typealias OutboundOut = ByteBuffer

    /// What the connection expects from the client.
    private enum Reading {
        /// The head of a request.
        case head
        /// The body of a request.
        case body(RequestHead, HTTPRequestHead, [UInt8])
        /// Nothing: whatever comes is dropped.
        case nothing
    }

    private let limits: ConnectionLimits
    private var reading = Reading.head
    /// Requests that were handed on and whose answer is not out.
    private var unanswered = 0
    private var pendingRefusal: Refusal?
    private var owesContinue = false
    private var isDraining = false
    private var isClosing = false
    private var isLingering = false
    private var isReadingAllowed = false
    private var isReadWanted = false
    /// Whether a part of a head has come, and whether that part has a whole line.
    private var hasPartialHead = false
    private var hasRequestLine = false
    private var isHeadTimed = false
    /// How much was waiting to be sent when that was looked at last.
    private var bytesLeft = 0
    /// When what the connection waits for began.
    private var waitingSince = NIODeadline.now()
    private var timer = LazyTimer()

    init(limits: ConnectionLimits) {
        self.limits = limits
    }

    /// Lets the first read through: the other end of the pipeline is there.
    func allowReading(context: ChannelHandlerContext) {
        isReadingAllowed = true
        if isReadWanted { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        if isReadingAllowed { context.read() } else { isReadWanted = true }
    }

    // MARK: What the client sends

    func bytesArrived(_ bytes: ByteBuffer) {
        guard case .head = reading, !hasRequestLine else { return }
        hasPartialHead = true
        hasRequestLine = bytes.readableBytesView.contains(UInt8(ascii: "\n"))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), reading) {
        case (_, .nothing): break
        case (.head(let head), _): headArrived(head, context)
        case (.body(let bytes), .body(let head, let raw, var body)):
            guard body.count + bytes.readableBytes <= limits.request.bodyBytes else {
                return refuse(.bodyTooLarge, context)
            }
            reading = .nothing  // So that the body has one owner and is not copied.
            body.append(contentsOf: bytes.readableBytesView)
            reading = .body(head, raw, body)
        case (.end, .body(let head, let raw, let body)): requestArrived(head, raw, body, context)
        case (.body, .head), (.end, .head): break  // The parser sends a head first.
        }
    }

    private func headArrived(_ raw: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let head: RequestHead
        do {
            head = try RequestHead(
                method: raw.method.rawValue,
                target: raw.uri,
                isHTTP10: raw.version == .http1_0,
                fields: raw.headers,
                limits: limits.request
            )
        } catch {
            return refuse(error, context)
        }
        (hasPartialHead, hasRequestLine, isHeadTimed) = (false, false, false)
        reading = .body(head, raw, [])
        guard head.isChunked || (head.contentLength ?? 0) > 0 else { return }
        waitingSince = .now()
        if head.expectsContinue {
            owesContinue = true
            sendContinueIfDue(context)
        }
    }

    private func requestArrived(
        _ head: RequestHead,
        _ raw: HTTPRequestHead,
        _ body: [UInt8],
        _ context: ChannelHandlerContext
    ) {
        // After a request for an upgrade the parser takes nothing more for HTTP.
        let framing = ResponseFraming.Request(
            method: head.request.method,
            isHTTP10: raw.version == .http1_0,
            keepsAlive: raw.isKeepAlive && !head.asksForUpgrade
        )
        reading = framing.keepsAlive && !framing.isHTTP10 ? .head : .nothing
        owesContinue = false
        unanswered += 1
        timer.pause()  // The time is the handler's now.
        let request = FunctionRequest(head: head.request, body: body)
        let incoming = IncomingRequest(request: request, framing: framing, traceParent: head.traceParent)
        context.fireChannelRead(Self.wrapInboundOut(incoming))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if unanswered == 0 {
            if hasPartialHead, !isHeadTimed {
                isHeadTimed = true
                waitingSince = .now()
            }
            setTimer(context)
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is ByteToMessageDecoderError { return }  // More bytes after the parser gave up.
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        switch error {
        case .invalidEOFState: break  // The client went away in the middle of a request.
        case .headerOverflow:
            if case .head = reading, !hasRequestLine {
                refuse(.targetTooLong, context)
            } else {
                refuse(.headerTooLarge, context)
            }
        case .invalidVersion: refuse(.unsupportedVersion, context)
        default: refuse(.malformed, context)
        }
    }

    // MARK: What the host answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isClosing {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch Self.unwrapOutboundIn(data) {
        case .bytes(let bytes): context.write(Self.wrapOutboundOut(bytes), promise: promise)
        case .end(let bytes, let closes):
            unanswered -= 1
            // A request that came in before the host began to drain may have an answer that does not say so.
            if closes || isDraining && unanswered == 0 {
                writeLast(bytes, context)
                promise?.succeed()
            } else {
                context.write(Self.wrapOutboundOut(bytes), promise: promise)
                if unanswered == 0 { answered(context) }
            }
        }
    }

    /// All requests that came are answered; what had to wait for that is due.
    private func answered(_ context: ChannelHandlerContext) {
        if let refusal = pendingRefusal {
            pendingRefusal = nil
            return write(refusal, context)
        }
        waitingSince = .now()
        sendContinueIfDue(context)
        setTimer(context)
    }

    private func sendContinueIfDue(_ context: ChannelHandlerContext) {
        guard owesContinue, unanswered == 0 else { return }
        owesContinue = false
        context.writeAndFlush(
            Self.wrapOutboundOut(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")),
            promise: nil
        )
    }

    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        if case .nothing = reading { return }
        reading = .nothing
        if unanswered == 0 { write(refusal, context) } else { pendingRefusal = refusal }
    }

    private func write(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        let response = FunctionResponse.failure(refusal.status, refusal.message, requestID: nil)
        guard case .bytes(let body) = response.body else { return }
        let framing = ResponseFraming(
            status: refusal.status.code,
            contentBytes: body.count,
            declaredLength: nil,
            request: .init(method: .get, isHTTP10: false, keepsAlive: false),
            closing: true
        )
        var bytes = encodeHead(of: response, framing: framing, requestID: nil, date: nil, room: body.count)
        bytes.writeBytes(body)
        writeLast(bytes, context)
    }

    // MARK: The end

    /// Writes the last of the connection, closes this side, and gives the client a moment to read it.
    ///
    /// Closing both sides at once would make the kernel answer bytes that nobody reads with a reset, which takes the
    /// response away from the client again.
    private func writeLast(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        reading = .nothing
        pendingRefusal = nil
        waitingSince = .now()
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            guard context.channel.isActive else { return }
            self.isLingering = true
            self.waitingSince = .now()
            self.setTimer(context)
            context.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: written)
        if !isLingering { setTimer(context) }  // The promise may have been kept already.
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ConnectionEvent, case .drain = event else {
            return context.fireUserInboundEventTriggered(event)
        }
        isDraining = true
        if case .head = reading, unanswered == 0, !hasPartialHead { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.cancel()
        reading = .nothing
        context.fireChannelInactive()
    }

    // MARK: Time

    func handlerAdded(context: ChannelHandlerContext) {
        setTimer(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        waitingSince = .now()
        bytesLeft = bufferedBytes(context)
        setTimer(context)
        context.fireChannelWritabilityChanged()
    }

    private func setTimer(_ context: ChannelHandlerContext) {
        timer.set(deadline(context), on: context.eventLoop) { self.timerFired(context) }
    }

    private func deadline(_ context: ChannelHandlerContext) -> NIODeadline? {
        if isLingering { return waitingSince + limits.lingerTimeout }
        if isClosing || !context.channel.isWritable { return waitingSince + limits.writeTimeout }
        if unanswered > 0 { return nil }
        switch reading {
        case .head: return waitingSince + (hasPartialHead ? limits.headerTimeout : limits.keepAliveTimeout)
        case .body: return waitingSince + limits.bodyTimeout
        case .nothing: return nil
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard timer.isDue(now: .now(), on: context.eventLoop, fire: { self.timerFired(context) }) else { return }
        switch reading {
        case .head where hasPartialHead && !isClosing && unanswered == 0: refuse(.headerTooSlow, context)
        case .body where !isClosing && unanswered == 0: refuse(.bodyTooSlow, context)
        default:
            let left = bufferedBytes(context)
            guard !isLingering, left > 0, left != bytesLeft else { return context.close(promise: nil) }
            // The client takes the response, if slowly.
            bytesLeft = left
            waitingSince = .now()
            setTimer(context)
        }
    }

    private func bufferedBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
