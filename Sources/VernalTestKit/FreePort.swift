internal import NIOCore
internal import NIOPosix

/// A port that nobody has: the system chooses one, and gives it to no other so soon.
package func freePort() async throws -> Int {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
    let port = listener.localAddress?.port
    try await listener.close()
    guard let port else { throw ChannelError.unknownLocalAddress }
    return port
}
