package import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One keep-alive connection to the runtime API, for one exchange at a time.
///
/// An exchange has no time limit and does not heed the cancelling of its task: the wait for an invocation may last for
/// days, and an answer to one has to get out although its handler was cancelled. Closing the channel ends it.
package struct RuntimeConnection: Sendable {
    let channel: any Channel

    /// Connects.
    static func open(to endpoint: RuntimeEndpoint) async throws -> RuntimeConnection {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try configure(channel, endpoint) }
            }
        // An IP address needs no resolver, and so none of its threads.
        let channel =
            if let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
                try await bootstrap.connect(to: address).get()
            } else {
                try await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
            }
        return RuntimeConnection(channel: channel)
    }

    /// Makes a channel speak with the runtime API.
    package static func configure(_ channel: any Channel, _ endpoint: RuntimeEndpoint) throws {
        try channel.pipeline.syncOperations.addHandlers([
            HTTPRequestEncoder(),
            ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)),
            RuntimeExchangeHandler(endpoint: endpoint),
        ])
    }

    /// Sends a request and waits for its answer.
    func exchange(_ request: RuntimeRequest) async throws -> RuntimeResponse {
        let answer = channel.eventLoop.makePromise(of: RuntimeResponse.self)
        // A channel that is closed already has no handler any more that could fail the promise.
        channel.writeAndFlush(RuntimeCommand.request(request, answer)).cascadeFailure(to: answer)
        return try await answer.futureResult.get()
    }

    /// Sends a request in pieces and waits for its answer.
    ///
    /// - Parameters:
    ///   - request: The request, without content.
    ///   - produce: Sends the content with the function that it is given, and tells what went wrong in the middle.
    /// - Returns: the answer.
    /// - Throws: when the connection broke before the answer was whole.
    func stream(
        _ request: RuntimeRequest,
        _ produce: (@escaping @Sendable ([UInt8]) async throws -> Void) async -> LambdaFailure?
    ) async throws -> RuntimeResponse {
        let answer = channel.eventLoop.makePromise(of: RuntimeResponse.self)
        channel.writeAndFlush(RuntimeCommand.begin(request, answer)).cascadeFailure(to: answer)
        let failure = await produce { [channel] bytes in
            guard !bytes.isEmpty else { return }
            try Task.checkCancellation()
            try await channel.writeAndFlush(RuntimeCommand.content(bytes)).get()
        }
        // An error here is that of the exchange, which the answer tells.
        try? await channel.writeAndFlush(RuntimeCommand.end(trailers: failure?.trailers)).get()
        return try await answer.futureResult.get()
    }
}

extension LambdaFailure {
    /// How a response that has begun already says that it is not whole.
    fileprivate var trailers: HTTPHeaders {
        [
            "Lambda-Runtime-Function-Error-Type": type,
            "Lambda-Runtime-Function-Error-Body": Data(json).base64EncodedString(),
        ]
    }
}
