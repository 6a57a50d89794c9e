internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension FaultProxy {
    /// Takes a client in.
    ///
    /// Runs on the event loop, as everything does that has to do with a link.
    func accept(_ client: any Channel) throws {
        let (number, mode) = state.withLock { state in
            state.counts.connections += 1
            state.counts.open += 1
            return (state.counts.connections, state.mode)
        }
        let link = FaultProxyLink(self, number, client)
        let bound = NIOLoopBound(link, eventLoop: client.eventLoop)
        let entry = Client(channel: client) { client.eventLoop.execute { bound.value.release() } }
        state.withLock { $0.clients[number] = entry }
        try client.pipeline.syncOperations.addHandler(ProxyLinkHandler(link, isClient: true))
        switch mode {
        case .closeAtOnce: client.eventLoop.execute { client.close(promise: nil) }
        case .deaf: break
        case .forward, .latency, .hold, .closeAfter, .stallAfter, .drop: link.connect(to: target)
        }
    }

    func forget(_ number: Int) {
        state.withLock { state in
            if state.clients.removeValue(forKey: number) != nil { state.counts.open -= 1 }
        }
    }
}

/// One client and its connection to the server.
///
/// Used on one event loop only.
final class FaultProxyLink: ProxyLink {
    private let proxy: FaultProxy
    private let number: Int
    let client: any Channel
    var server: (any Channel)?
    var early: [ByteBuffer] = []
    private var held: [(bytes: ByteBuffer, fromClient: Bool)] = []
    /// How many of the server's bytes the client has been sent.
    private var delivered = 0
    /// Whether the client was the last to speak; `nil` before anybody did.
    private var clientSpokeLast: Bool?
    private var startup = StartupReader()
    private var keyFilter: CancelKeyFilter?

    init(_ proxy: FaultProxy, _ number: Int, _ client: any Channel) {
        self.proxy = proxy
        self.number = number
        self.client = client
        if proxy.hidesCancelKey { keyFilter = CancelKeyFilter() }
    }

    /// One side said something.
    ///
    /// With a latency it is dealt with later, as if it had only just come.
    func received(_ bytes: ByteBuffer, fromClient: Bool) {
        let mode = proxy.mode
        if mode == .hold || !held.isEmpty { return held.append((bytes, fromClient)) }
        guard case .latency(let delay) = mode else { return passOn(bytes, fromClient: fromClient) }
        let link = NIOLoopBound(self, eventLoop: client.eventLoop)
        client.eventLoop.scheduleTask(in: TimeAmount(delay)) { link.value.passOn(bytes, fromClient: fromClient) }
    }

    func release() {
        let all = held
        held = []
        for (bytes, fromClient) in all { passOn(bytes, fromClient: fromClient) }
    }

    private func passOn(_ bytes: ByteBuffer, fromClient: Bool) {
        count(bytes, fromClient: fromClient)
        if fromClient { passToServer(bytes) } else { passToClient(bytes) }
    }

    private func count(_ bytes: ByteBuffer, fromClient: Bool) {
        let isNewTurn = clientSpokeLast != fromClient
        clientSpokeLast = fromClient
        if fromClient, let packet = startup.read(bytes) {
            if packet.isEncryptionRequest { keyFilter?.unframedBytes += 1 }
            proxy.state.withLock { state in
                if packet.isCancelRequest { state.counts.cancelRequests += 1 }
                if let parameters = packet.parameters { state.counts.startups.append(parameters) }
            }
        }
        let (event, observer) = proxy.state.withLock {
            state -> (FaultProxy.Event, (@Sendable (FaultProxy.Event) -> Void)?) in
            if fromClient {
                state.counts.clientBytes += bytes.readableBytes
                if isNewTurn { state.counts.roundTrips += 1 }
                return (.clientSpoke(state.counts.roundTrips), isNewTurn ? state.observer : nil)
            }
            state.counts.serverBytes += bytes.readableBytes
            if isNewTurn { state.serverTurns += 1 }
            return (.serverSpoke(state.serverTurns), isNewTurn ? state.observer : nil)
        }
        observer?(event)
    }

    private func passToServer(_ bytes: ByteBuffer) {
        let reaction = proxy.state.withLock { state -> FaultProxy.Reaction? in
            guard let (text, reaction, isOnce) = state.reaction, bytes.readableBytesView.holds(text) else { return nil }
            if isOnce { state.reaction = nil }
            return reaction
        }
        switch reaction {
        case nil: send(bytes)
        case .discard: break
        case .close: client.close(promise: nil)
        case .forwardThenClose:
            send(bytes)
            client.close(promise: nil)
        case .forwardThenDrop:
            send(bytes)
            proxy.mode = .drop
        case .reset: _ = Self.reset(client)
        case .answerThenClose(let answer):
            client.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
            client.close(promise: nil)
        }
    }

    private func send(_ bytes: ByteBuffer) {
        guard proxy.mode != .drop, proxy.mode != .deaf else { return }
        toServer(bytes)
    }

    private func passToClient(_ bytes: ByteBuffer) {
        var bytes = bytes
        if keyFilter != nil { bytes = keyFilter?.filter(bytes) ?? bytes }
        let limit: Int? =
            switch proxy.mode {
            case .drop, .deaf: 0
            case .closeAfter(let limit), .stallAfter(let limit): max(0, limit - delivered)
            case .forward, .latency, .hold, .closeAtOnce: nil
            }
        let part = bytes.readSlice(length: min(bytes.readableBytes, limit ?? .max)) ?? ByteBuffer()
        delivered += part.readableBytes
        if part.readableBytes > 0 { client.writeAndFlush(part, promise: nil) }
        if case .closeAfter(let limit) = proxy.mode, delivered >= limit { client.close(promise: nil) }
    }

    /// One side has closed.
    func closed(isClient: Bool) {
        if isClient {
            proxy.forget(number)
            server?.close(promise: nil)
            return
        }
        switch proxy.mode {
        case .drop, .deaf, .stallAfter, .hold: break
        case .forward, .closeAfter, .closeAtOnce: client.close(promise: nil)
        case .latency(let delay):
            let client = client
            client.eventLoop.scheduleTask(in: TimeAmount(delay)) { client.close(promise: nil) }
        }
    }

    static func reset(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let options = channel as? any SocketOptionProvider else { return channel.close() }
        return options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).flatMap { channel.close() }
    }
}

extension ByteBufferView {
    fileprivate func holds(_ text: [UInt8]) -> Bool {
        guard let first = text.first else { return false }
        var rest = self[...]
        while let index = rest.firstIndex(of: first) {
            if rest[index...].starts(with: text) { return true }
            rest = rest[rest.index(after: index)...]
        }
        return false
    }
}
