import Logging
import NIOCore

/// Stops accepting for a moment when a connection cannot be accepted, such as when there are too many open files.
///
/// NIO's `AcceptBackoffHandler` is not enough: after the error the socket stays registered for reading, so that the
/// event loop spins until a file is closed. Turning `autoRead` off takes the registration back.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let duration = TimeAmount.milliseconds(100)
    private static let loggingInterval = TimeAmount.seconds(10)

    private let logger: Logger
    private var isPaused = false
    private var lastLogged: NIODeadline?

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        guard !isPaused else { return }
        isPaused = true
        let now = NIODeadline.now()
        if lastLogged.map({ now - $0 > Self.loggingInterval }) ?? true {
            lastLogged = now
            logger.warning("cannot accept connections; trying again", metadata: ["error": "\(error)"])
        }
        setAutoRead(false, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.duration) {
            self.isPaused = false
            self.setAutoRead(true, context)
        }
    }

    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Fails only when the listener is closed, and then there is nothing to accept.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
