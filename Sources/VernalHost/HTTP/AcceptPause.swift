import Logging
import NIOCore

/// Stops accepting while there are as many connections as the process has files for, and for a moment when one cannot be
/// accepted nevertheless.
///
/// The last files are not for connections: a program in Swift on Linux is ended by libdispatch when it cannot open a file,
/// because a queue looks into `/proc/self/task` every second (`_dispatch_workq_monitor_pools`).
///
/// For the pause after an error NIO's `AcceptBackoffHandler` is not enough: after the error the socket stays registered for reading, so that the
/// event loop spins until a file is closed. Turning `autoRead` off takes the registration back.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    /// How many are accepted in one go: so many may come after the last that there is room for.
    static let atATime = 4
    private static let duration = TimeAmount.milliseconds(100)
    private static let loggingInterval = TimeAmount.seconds(10)

    private let logger: Logger
    private let capacity: Int
    private var connections = 0
    private var isPaused = false
    private var lastLogged: NIODeadline?

    init(capacity: Int, logger: Logger) {
        self.capacity = capacity
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connections += 1
        if connections == capacity {
            log("as many connections as there are files for; others have to wait", "\(capacity)", context)
            setAutoRead(false, context)
        }
        Self.unwrapInboundIn(data).closeFuture.hop(to: context.eventLoop).assumeIsolated().whenComplete { _ in
            self.connections -= 1
            if self.connections == self.capacity - 1, !self.isPaused { self.setAutoRead(true, context) }
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        guard !isPaused else { return }
        isPaused = true
        log("cannot accept connections; trying again", "\(error)", context)
        setAutoRead(false, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.duration) {
            self.isPaused = false
            if self.connections < self.capacity { self.setAutoRead(true, context) }
        }
    }

    private func log(_ message: Logger.Message, _ reason: String, _ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if let lastLogged, now - lastLogged <= Self.loggingInterval { return }
        lastLogged = now
        logger.warning(message, metadata: ["reason": "\(reason)"])
    }

    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Fails only when the listener is closed, and then there is nothing to accept.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
