package import Moments
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Where a relay goes to.
package enum RelayTarget: Sendable, Equatable {
    case tcp(host: String, port: Int)
    case unixSocket(path: String)
}

/// What a relay saw.
package struct RelayMeasures: Sendable {
    /// When the function began each of its connections.
    package var connectTimes: [Moment] = []
    /// The most connects that were under way at a time.
    package var mostUnderWay = 0
    /// When the server began to refuse, unless a connection was ready since.
    package var refusedSince: Moment?
    /// Connects that the server refused, by their SQLSTATE.
    package var refusals: [String: Int] = [:]
    /// How long each connect took, from the accepted connection to the server being ready.
    package var connectDurations: [Duration] = []
    /// When the first connection was ready.
    package var firstReadyAt: Moment?
    /// When the first row came.
    package var firstRowAt: Moment?
}

/// Stands between one environment and the database, so that this link alone can be cut, stalled and measured.
package final class DatabaseRelay: Sendable {
    /// What is done with what arrives.
    package enum Mode: String, Sendable {
        case forward
        /// Keep it until the mode is another one; nobody is told anything.
        case stall
        /// Reset connections, and take no new ones.
        case cut
    }

    private typealias Link = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// The port on the loopback on which it listens.
    package let port: Int
    private let listener: NIOAsyncChannel<any Channel, Never>
    private let target: RelayTarget
    private let state = Mutex(State())

    private struct State: Sendable {
        var mode = Mode.forward
        var channels: [ObjectIdentifier: any Channel] = [:]
        var measures = RelayMeasures()
        /// Links whose connect is under way.
        var connecting: Set<ObjectIdentifier> = []
    }

    private init(port: Int, listener: NIOAsyncChannel<any Channel, Never>, target: RelayTarget) {
        self.port = port
        self.listener = listener
        self.target = target
    }

    /// Listens on a free port of the loopback.
    package static func open(to target: RelayTarget) async throws -> DatabaseRelay {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0) { channel in channel.eventLoop.makeSucceededFuture(channel) }
        return DatabaseRelay(port: listener.channel.localAddress?.port ?? 0, listener: listener, target: target)
    }

    /// What is done with what arrives.
    package var mode: Mode {
        get { state.withLock(\.mode) }
        set {
            let channels = state.withLock { state in
                state.mode = newValue
                return newValue == .cut ? Array(state.channels.values) : []
            }
            for channel in channels { channel.close(promise: nil) }
        }
    }

    /// What was seen so far.
    package var measures: RelayMeasures { state.withLock(\.measures) }

    /// Relays until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            try? await listener.executeThenClose { inbound in
                for try await channel in inbound {
                    if mode == .cut {
                        channel.close(promise: nil)
                    } else {
                        group.addTask { await self.relay(channel) }
                    }
                }
            }
            group.cancelAll()
        }
    }

    private func relay(_ accepted: any Channel) async {
        let beganAt = Moment.now
        let link = ObjectIdentifier(accepted)
        state.withLock { state in
            state.measures.connectTimes.append(beganAt)
            state.channels[link] = accepted
            state.connecting.insert(link)
            state.measures.mostUnderWay = max(state.measures.mostUnderWay, state.connecting.count)
        }
        defer {
            state.withLock { state in
                state.channels[link] = nil
                state.connecting.remove(link)
            }
        }
        let reader = SharedReader()
        do {
            let server = try await connect()
            try await server.executeThenClose { fromServer, toServer in
                let client = try await Self.wrap(accepted)
                try await client.executeThenClose { fromClient, toClient in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            for try await bytes in fromClient {
                                reader.value.withLock { $0.clientSent(bytes.readableBytesView) }
                                try await self.whileStalled()
                                try await toServer.write(bytes)
                            }
                        }
                        group.addTask {
                            for try await bytes in fromServer {
                                let sights = reader.value.withLock { $0.serverSent(bytes.readableBytesView) }
                                self.note(sights, of: link, since: beganAt)
                                try await self.whileStalled()
                                try await toClient.write(bytes)
                            }
                        }
                        // One side that ends is the end of both.
                        try await group.next()
                        group.cancelAll()
                    }
                }
            }
        } catch {
            // A link that breaks is what a relay is for; who was on it will notice.
            accepted.close(promise: nil)
        }
    }

    private func whileStalled() async throws {
        while mode == .stall { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func note(_ sights: [LinkReader.Sight], of link: ObjectIdentifier, since beganAt: Moment) {
        guard !sights.isEmpty else { return }
        let now = Moment.now
        state.withLock { state in
            for sight in sights {
                switch sight {
                case .ready:
                    state.connecting.remove(link)
                    state.measures.refusedSince = nil
                    state.measures.connectDurations.append(now - beganAt)
                    state.measures.firstReadyAt = state.measures.firstReadyAt ?? now
                case .refused(let sqlState):
                    state.connecting.remove(link)
                    state.measures.refusals[sqlState, default: 0] += 1
                    state.measures.refusedSince = state.measures.refusedSince ?? now
                case .row: state.measures.firstRowAt = state.measures.firstRowAt ?? now
                }
            }
        }
    }

    private func connect() async throws -> Link {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        switch target {
        case .tcp(let host, let port):
            return try await bootstrap.connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Link(wrappingChannelSynchronously: channel) }
            }
        case .unixSocket(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture { try Link(wrappingChannelSynchronously: channel) }
            }
        }
    }

    private static func wrap(_ channel: any Channel) async throws -> Link {
        try await channel.eventLoop.submit {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            let link = try Link(wrappingChannelSynchronously: channel)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            return link
        }.get()
    }
}

/// What the two directions of a link read together.
private final class SharedReader: Sendable {
    let value = Mutex(LinkReader())
}

extension FunctionPlatform {
    /// The relay of a new environment, if there are to be relays.
    func openRelay(_ variables: inout [String: String]) async throws -> DatabaseRelay? {
        guard let target = options.relayTarget else { return nil }
        let relay = try await DatabaseRelay.open(to: target)
        variables.merge(options.relayVariables(relay.port)) { _, relayed in relayed }
        return relay
    }
}
