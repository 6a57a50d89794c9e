internal import NIOCore
internal import NIOPosix

/// Places on the loopback where nobody answers.
package enum DeadEnds {
    /// A port on which nobody listens.
    package static func closedPort() async throws -> Int {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 1
        try await listener.close()
        return port
    }

    /// A port whose backlog is full, so that the kernel drops every further connect: what a black hole in the network looks
    /// like to a client.
    package static func withFullBacklog<R>(_ body: (_ port: Int) async throws -> R) async throws -> R {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 1
        var fillers: [any Channel] = []
        // The kernel takes a few more than the backlog says; the first that it does not take shows that it is full.
        while fillers.count < 16,
            let filler = try? await ClientBootstrap(group: group).connectTimeout(.milliseconds(200))
                .connect(host: "127.0.0.1", port: port).get()
        {
            fillers.append(filler)
        }
        let result: Result<R, any Error>
        do { result = .success(try await body(port)) } catch { result = .failure(error) }
        for filler in fillers { try? await filler.close() }
        try? await listener.close()
        return try result.get()
    }
}
