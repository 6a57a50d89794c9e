package import InvocationLifecycle
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// The plain HTTP mode of the host: listens, serves, and ends when it is told to.
package final class HTTPHost: Sendable {
    private let options: HostOptions
    private let address: (host: String, port: Int)
    private let runner: InvocationRunner
    private let participants: Participants
    private let connections = ConnectionTable()
    private let date = DateHeader()
    private let drainRequests = AsyncStream.makeStream(of: Void.self)

    /// How long what is left gets to stop after the grace period.
    package static let stopAllowance = Duration.seconds(1)

    /// Prepares a host; it listens when it is run.
    ///
    /// - Parameters:
    ///   - options: The options.
    ///   - platform: The platform with the address to listen on.
    ///   - registry: Who wants to hear about the life of the process.
    ///   - handler: What the function does.
    package init(
        _ options: HostOptions,
        platform: HTTPPlatform,
        registry: ParticipantRegistry = .shared,
        handler: @escaping FunctionHandler
    ) {
        self.options = options
        address = (platform.host, platform.port)
        participants = Participants(registry: registry, logger: options.logger)
        runner = InvocationRunner(options, platform: platform, participants: participants, handler: handler)
    }

    /// How many requests are in flight.
    package var inFlight: Int { runner.withState { $0.inFlight } }

    /// Begins the orderly end: what is in flight is finished within the grace period, and nothing new is taken.
    package func beginDrain() {
        guard runner.withState({ $0.drainRequested() }) else { return }
        drainRequests.continuation.finish()
    }

    /// Why the serving ended.
    private enum End: Sendable {
        /// All connections are closed.
        case served
        /// The grace period is over, and something is still in flight.
        case graceOver
        /// The listener broke; its connections are finished.
        case listenerFailed(String)
    }

    /// Runs the host until it has drained.
    ///
    /// Cancelling the task ends it without a grace period.
    ///
    /// - Throws: `HostError` when a participant or the listener cannot start, or the listener breaks.
    package func run() async throws {
        try await participants.willStart()
        let listener = try await listen()
        let end = await withTaskGroup(of: End.self) { group in
            group.addTask { await self.accept(from: listener) }
            group.addTask { await self.awaitEnd(of: listener.channel) }
            let end = await group.next() ?? .served
            runner.withState { $0.graceEnded() }
            if case .graceOver = end {
                options.logger.warning("the grace period is over", metadata: ["in-flight": "\(inFlight)"])
            }
            group.cancelAll()
            let deadline = ContinuousClock.now.advanced(by: Self.stopAllowance)
            await awaitCancelled(until: ContinuousClock.now.advanced(by: Self.stopAllowance / 2))
            await participants.willStop(by: deadline)
            connections.closeAll()
            return end
        }
        if case .listenerFailed(let reason) = end {
            throw HostError(
                .listenerFailed,
                "the listener broke: \(reason); the platform has to start the function anew"
            )
        }
    }

    // MARK: Listening

    private func listen() async throws -> NIOAsyncChannel<any Channel, Never> {
        let logger = options.logger
        let limits = ConnectionLimits(options)
        let connections = connections
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: UInt(AcceptPause.atATime))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pause = AcceptPause(capacity: connectionCapacity(files: openFileLimit()), logger: logger)
                    try channel.pipeline.syncOperations.addHandler(pause)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let listener = try await bootstrap.bind(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.configure(channel, limits)
                    connections.add(channel)
                    return channel
                }
            }
            let bound = ListeningAddress(
                host: listener.channel.localAddress?.ipAddress ?? address.host,
                port: listener.channel.localAddress?.port ?? address.port
            )
            logger.info("listening", metadata: ["url": "\(bound)"])
            options.onListening?(bound)
            return listener
        } catch {
            throw HostError(
                .cannotBind,
                "cannot listen on \(address.host) port \(address.port): \(error); set PORT or HostOptions to another"
            )
        }
    }

    private static func configure(_ channel: any Channel, _ limits: ConnectionLimits) throws {
        // Looser than ours, so that ours decide and the parser only bounds what is kept in memory.
        var parserLimits = NIOHTTPDecoderLimitConfiguration()
        parserLimits.maxHeaderFieldSize = max(limits.request.targetBytes, limits.request.headerBytes)
        parserLimits.maxHeaderListSize = limits.request.targetBytes + limits.request.headerBytes
        parserLimits.maxHeaderFieldCount = limits.request.headerFields
        let connection = ConnectionHandler(limits: limits)
        try channel.pipeline.syncOperations.addHandlers(
            ArrivalWatch(connection: connection),
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: parserLimits)),
            connection
        )
    }

    private func accept(from listener: NIOAsyncChannel<any Channel, Never>) async -> End {
        let connection = HTTPConnection(runner: runner, date: date, requestTimeout: options.requestTimeout)
        return await withDiscardingTaskGroup { group in
            do {
                try await listener.executeThenClose { inbound in
                    for try await channel in inbound {
                        group.addTask { await connection.run(channel) }
                    }
                }
                return .served
            } catch {
                beginDrain()
                return .listenerFailed("\(error)")
            }
        }
    }

    // MARK: The end

    /// Waits for the request to end, begins the end, and returns when the grace is over.
    private func awaitEnd(of listener: any Channel) async -> End {
        for await _ in drainRequests.stream {}
        try? await listener.close().get()  // An error: it is closed already.
        connections.drain()
        try? await Task.sleep(for: options.gracePeriod, clock: .continuous)
        return .graceOver
    }

    /// Gives cancelled handlers a moment, so that the participants stop after their users.
    private func awaitCancelled(until limit: ContinuousClock.Instant) async {
        while inFlight > 0, ContinuousClock.now < limit {
            do { try await Task.sleep(for: .milliseconds(5), clock: .continuous) } catch { return }
        }
    }
}
