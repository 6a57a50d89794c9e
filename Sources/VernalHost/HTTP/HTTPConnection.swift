import NIOCore

/// One connection from the side of the handlers: its requests, one after the other.
struct HTTPConnection: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<IncomingRequest, OutgoingPart>

    let runner: InvocationRunner
    let date: DateHeader
    let requestTimeout: Duration?

    /// Serves the connection until it is closed.
    ///
    /// A client that closes its sending side counts as gone: nothing tells it from one that closed everything.
    ///
    /// The requests run in a child task, so that the handler can be cancelled when the client goes away: waiting for
    /// the close costs one task for each connection and none for each request.
    func run(_ channel: any Channel) async {
        guard let asyncChannel = try? await Self.open(channel) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await serve(asyncChannel) }
            try? await channel.closeFuture.get()
            group.cancelAll()
        }
    }

    /// Puts the end on the pipeline and lets the client's bytes in.
    ///
    /// Only now and not when the connection was accepted, because a `NIOAsyncChannel` that is made and then not run is
    /// a programming error, and a host that is cancelled may never come to run an accepted connection.
    private static func open(_ channel: any Channel) async throws -> AsyncChannel {
        try await channel.eventLoop.submit {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            let asyncChannel = try AsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1))
            )
            let pipeline = channel.pipeline.syncOperations
            let context = try pipeline.context(handlerType: ConnectionHandler.self)
            try pipeline.handler(type: ConnectionHandler.self).allowReading(context: context)
            return asyncChannel
        }.get()
    }

    private func serve(_ channel: AsyncChannel) async {
        // An error here is the connection's: there is nobody left to tell.
        try? await channel.executeThenClose { inbound, outbound in
            let exchange = HTTPExchange(channel: channel.channel, outbound: outbound, runner: runner, date: date)
            for try await incoming in inbound where !exchange.isOver {
                await runner.run(incoming.request, within: requestTimeout) { answer in
                    try await exchange.send(answer, to: incoming)
                }
                // Cancelled without the client having gone: the grace is over.
                if Task.isCancelled { break }
            }
        }
    }
}
