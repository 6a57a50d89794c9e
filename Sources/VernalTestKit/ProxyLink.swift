internal import NIOCore
internal import NIOPosix

/// One client of a proxy and its connection to the server; used on one event loop only.
protocol ProxyLink: AnyObject, SendableMetatype {
    var client: any Channel { get }
    var server: (any Channel)? { get set }
    /// What the client said before the server was connected.
    var early: [ByteBuffer] { get set }

    /// One side said something.
    func received(_ bytes: ByteBuffer, fromClient: Bool)
    /// One side has gone.
    func closed(isClient: Bool)
}

extension ProxyLink {
    /// Connects to the server, and sends it what the client has said meanwhile.
    func connect(to target: ProxyTarget) {
        let link = NIOLoopBound(self, eventLoop: client.eventLoop)
        let bootstrap = ClientBootstrap(group: client.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProxyLinkHandler(link.value, isClient: false))
                }
            }
        target.connect(bootstrap).whenComplete { result in
            switch result {
            case .success(let server): link.value.connected(server)
            case .failure: link.value.client.close(promise: nil)
            }
        }
    }

    private func connected(_ server: any Channel) {
        self.server = server
        guard client.isActive else { return server.close(promise: nil) }
        for bytes in early { server.writeAndFlush(bytes, promise: nil) }
        early = []
    }

    /// Sends something to the server, now or when it is connected.
    func toServer(_ bytes: ByteBuffer) {
        if let server { server.writeAndFlush(bytes, promise: nil) } else { early.append(bytes) }
    }
}

/// Tells a link what its two channels say.
final class ProxyLinkHandler<Link: ProxyLink>: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: Link
    private let isClient: Bool

    init(_ link: Link, isClient: Bool) {
        self.link = link
        self.isClient = isClient
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.received(unwrapInboundIn(data), fromClient: isClient)
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.closed(isClient: isClient)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
