package import LibpqIO
internal import NIOCore
internal import NIOPosix
internal import Synchronization
package import Vernal

/// A TCP proxy on the loopback in front of the tests' server, which misbehaves on demand and counts what passes.
///
/// A mode holds for what arrives from now on, also on connections that are open already. Everything a proxy does runs on
/// one event loop, so what a test sees happens in one order.
package final class FaultProxy: Sendable {
    /// What is done with what arrives.
    package enum Mode: Sendable, Hashable {
        /// Pass everything on.
        case forward
        /// Pass everything on, this much later in each direction.
        case latency(Duration)
        /// Keep everything, and pass it on when another mode is set.
        case hold
        /// Accept, read, and never answer.
        case deaf
        /// Accept and close at once.
        case closeAtOnce
        /// Close a connection as soon as the client has been sent this many bytes of the server's.
        case closeAfter(serverBytes: Int)
        /// Let the client have this many bytes of the server's and nothing more; keep the sockets open.
        case stallAfter(serverBytes: Int)
        /// Pass nothing on in either direction, not even the end of a stream; keep the sockets open.
        case drop
    }

    /// What is done when the client sends a text that the test waits for.
    package enum Reaction: Sendable {
        /// Lose what the client sent.
        case discard
        /// Close both sides; the server does not get to see it.
        case close
        /// Close the client's side only after the server has been sent it: nobody hears the answer.
        case forwardThenClose
        /// Pass it on, and from now on nothing more in either direction.
        case forwardThenDrop
        /// Reset the client's connection.
        case reset
        /// Say this to the client instead, and close.
        case answerThenClose([UInt8])
    }

    /// Something that passed.
    package enum Event: Sendable, Hashable {
        /// The client began to speak, for the n-th time over all connections; the first is 1.
        case clientSpoke(Int)
        /// The server began to speak, for the n-th time over all connections; the first is 1.
        case serverSpoke(Int)
    }

    /// What has passed since the proxy began.
    package struct Counts: Sendable, Hashable {
        /// Connections that were accepted, those for a cancel request among them.
        package var connections = 0
        /// Connections that were accepted and are not closed yet.
        package var open = 0
        /// Connections that carried a cancel request.
        package var cancelRequests = 0
        /// How often the client began to speak: one for each round trip.
        package var roundTrips = 0
        package var clientBytes = 0
        package var serverBytes = 0
        /// The parameters of each startup packet, in the order of their arrival.
        package var startups: [[String: String]] = []
    }

    struct Client: Sendable {
        let channel: any Channel
        /// Passes on what was held.
        let release: @Sendable () -> Void
    }

    struct State: Sendable {
        var mode = Mode.forward
        var reaction: (text: [UInt8], reaction: Reaction, isOnce: Bool)?
        var hidesCancelKey = false
        var counts = Counts()
        var serverTurns = 0
        var observer: (@Sendable (Event) -> Void)?
        var clients: [Int: Client] = [:]
    }

    let state = Mutex(State())
    let target: ProxyTarget
    private let listener: any Channel

    private init(_ target: ProxyTarget, _ listener: any Channel) {
        self.target = target
        self.listener = listener
    }

    /// Starts a proxy in front of the tests' server and stops it when `body` is done.
    package static func run<R>(
        _ mode: Mode = .forward,
        _ body: (FaultProxy) async throws -> R
    ) async throws -> R {
        let proxy = try await start(mode)
        do {
            let result = try await body(proxy)
            await proxy.stop()
            return result
        } catch {
            await proxy.stop()
            throw error
        }
    }

    private static func start(_ mode: Mode) async throws -> FaultProxy {
        let target = try ProxyTarget(ConnectionSettings(parsing: TestDatabase.url))
        let owner = Owner()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard let proxy = owner.proxy.withLock({ $0 }) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture { try proxy.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = FaultProxy(target, listener)
        proxy.mode = mode
        owner.proxy.withLock { $0 = proxy }
        return proxy
    }

    private final class Owner: Sendable {
        let proxy = Mutex<FaultProxy?>(nil)
    }

    private func stop() async {
        observe(nil)
        try? await listener.close()
        for client in clients { try? await client.close() }
    }

    private var clients: [any Channel] { state.withLock { $0.clients.values.map(\.channel) } }

    // MARK: Control

    /// The port on which it listens.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// What is done with what arrives from now on.
    package var mode: Mode {
        get { state.withLock(\.mode) }
        set {
            let clients = state.withLock { state in
                let wasHolding = state.mode == .hold && newValue != .hold
                state.mode = newValue
                return wasHolding ? Array(state.clients.values) : []
            }
            for client in clients { client.release() }
        }
    }

    /// What has passed so far.
    package var counts: Counts { state.withLock(\.counts) }

    /// Whether the server's cancel key (BackendKeyData) is kept from clients that connect from now on.
    package var hidesCancelKey: Bool {
        get { state.withLock(\.hidesCancelKey) }
        set { state.withLock { $0.hidesCancelKey = newValue } }
    }

    /// Does something the next time that a client sends a text.
    package func when(clientSends text: String, _ reaction: Reaction) {
        state.withLock { $0.reaction = (Array(text.utf8), reaction, isOnce: true) }
    }

    /// Does something each time that a client sends a text; `nil` does nothing any more.
    package func whenever(clientSends text: String, _ reaction: Reaction?) {
        state.withLock { $0.reaction = reaction.map { (Array(text.utf8), $0, isOnce: false) } }
    }

    /// Calls back, on the proxy's event loop, each time that a side begins to speak, before that is passed on.
    package func observe(_ observer: (@Sendable (Event) -> Void)?) {
        state.withLock { $0.observer = observer }
    }

    /// Closes all connections, both sides.
    package func closeAll() async {
        for client in clients { try? await client.close() }
    }

    /// Resets all connections of clients.
    package func resetAll() async {
        for client in clients { try? await FaultProxyLink.reset(client).get() }
    }

    /// Tells all clients that nothing more will come from the server, and goes on listening to them.
    package func halfCloseAll() async {
        for client in clients { try? await client.close(mode: .output) }
    }

    /// Sends all clients some bytes as if they were the server's.
    package func sayToClients(_ bytes: [UInt8]) async {
        for client in clients { try? await client.writeAndFlush(ByteBuffer(bytes: bytes)) }
    }

    /// Points a configuration at the proxy.
    package func redirect(_ configuration: inout EngineConfiguration) {
        configuration[connectionParameter: "host"] = "127.0.0.1"
        configuration[connectionParameter: "hostaddr"] = nil
        configuration[connectionParameter: "port"] = String(port)
    }

    /// An engine on the tests' server, through the proxy.
    package func engine(_ change: (inout EngineConfiguration) -> Void = { _ in }) throws -> Engine {
        try testEngine { configuration in
            redirect(&configuration)
            change(&configuration)
        }
    }

    /// The settings for a connection through the proxy.
    package var settings: ConnectionSettings {
        get throws {
            var settings = try ConnectionSettings(parsing: TestDatabase.url)
            settings["host"] = "127.0.0.1"
            settings["port"] = String(port)
            return settings
        }
    }
}

/// Where the tests' server is.
struct ProxyTarget: Sendable {
    let host: String
    let port: Int

    init(_ settings: ConnectionSettings) {
        host = settings["hostaddr"] ?? settings["host"] ?? "127.0.0.1"
        port = settings["port"].flatMap { Int($0) } ?? 5432
    }

    func connect(_ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        host.hasPrefix("/")
            ? bootstrap.connect(unixDomainSocketPath: "\(host)/.s.PGSQL.\(port)")
            : bootstrap.connect(host: host, port: port)
    }
}
