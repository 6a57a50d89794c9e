internal import LibpqIO
internal import NIOCore
internal import NIOPosix
internal import Synchronization
package import Vernal

/// A pooler in front of the tests' server that is what its script says: it changes the handshake, reads what clients send,
/// and has the server do the rest.
package final class ScriptedUpstream: Sendable {
    /// What clients have done so far.
    package struct Record: Sendable {
        /// The parameters of each startup packet.
        package var startups: [[String: String]] = []
        /// How many statements there were.
        package var statements = 0
        /// Those that would pin RDS Proxy, with the reason; the first hundred.
        package var pins: [String] = []
        /// The names under which statements were prepared.
        package var statementNames: Set<String> = []
        /// The last hundred statements.
        package var lastStatements: [String] = []
    }

    let script: UpstreamScript
    let target: ProxyTarget
    private let content = Mutex(Record())
    /// What was judged before: a program sends the same texts again and again.
    private let judged = Mutex<[String: String?]>([:])
    private let clients = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let listener = Mutex<(any Channel)?>(nil)

    private init(_ script: UpstreamScript, _ target: ProxyTarget) {
        self.script = script
        self.target = target
    }

    /// Starts one and stops it when `body` is done.
    package static func run<R>(_ script: UpstreamScript, _ body: (ScriptedUpstream) async throws -> R) async throws -> R
    {
        let upstream = ScriptedUpstream(script, try ProxyTarget(ConnectionSettings(parsing: TestDatabase.url)))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { client in
                client.eventLoop.makeCompletedFuture { try upstream.accept(client) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        upstream.listener.withLock { $0 = channel }
        let result: Result<R, any Error>
        do { result = .success(try await body(upstream)) } catch { result = .failure(error) }
        try? await channel.close()
        for client in upstream.clients.withLock({ Array($0.values) }) { try? await client.close() }
        return try result.get()
    }

    /// What clients have done so far.
    package var record: Record { content.withLock { $0 } }

    func change(_ body: (inout Record) -> Void) {
        content.withLock { body(&$0) }
    }

    /// Why a statement would pin RDS Proxy.
    func pin(by text: String) -> String? {
        judged.withLock { judged in
            if let known = judged[text] { return known }
            let reason = PinJudge.reason(text)
            judged[text] = .some(reason)
            return reason
        }
    }

    /// The port on which it listens.
    package var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }

    private func accept(_ client: any Channel) throws {
        clients.withLock { $0[ObjectIdentifier(client)] = client }
        client.closeFuture.whenComplete { _ in
            _ = self.clients.withLock { $0.removeValue(forKey: ObjectIdentifier(client)) }
        }
        let link = ScriptedUpstreamLink(self, client)
        try client.pipeline.syncOperations.addHandler(ProxyLinkHandler(link, isClient: true))
        link.connect(to: target)
    }

    /// An engine that goes through it.
    package func engine(
        hooks: EngineHooks = EngineHooks(),
        _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Engine {
        try testEngine(
            { configuration in
                configuration[connectionParameter: "host"] = "127.0.0.1"
                configuration[connectionParameter: "hostaddr"] = nil
                configuration[connectionParameter: "port"] = String(port)
                change(&configuration)
            },
            hooks
        )
    }
}
