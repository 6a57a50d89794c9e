import Logging
import NIOCore
import Synchronization

/// What one poller says to the runtime API, on a connection that is opened when it is needed and kept.
final class RuntimeClient: Sendable {
    private let endpoint: RuntimeEndpoint
    private let channels: ChannelGate
    private let logger: Logger
    private let connection = Mutex<RuntimeConnection?>(nil)
    private let failure = Mutex<HostError?>(nil)

    init(_ endpoint: RuntimeEndpoint, _ channels: ChannelGate, logger: Logger) {
        self.endpoint = endpoint
        self.channels = channels
        self.logger = logger
    }

    /// Why nothing more can be said: the environment is lost.
    var fatalError: HostError? { failure.withLock { $0 } }

    /// Asks for something; opens a connection when there is none or the other side has closed it meanwhile.
    func exchange(_ request: RuntimeRequest) async throws -> RuntimeResponse {
        try await connected().exchange(request)
    }

    /// Asks for something that may take for ever; `nil` when the waiting was ended from our side.
    func wait(_ request: RuntimeRequest) async throws(HostError) -> RuntimeResponse? {
        do {
            let connection = try await connected()
            guard channels.beginWaiting(on: connection.channel) else { return nil }
            defer { channels.endWaiting(on: connection.channel) }
            return try await connection.exchange(request)
        } catch {
            if channels.isClosed { return nil }
            throw HostError(.runtimeAPIFailed, "the runtime API at \(endpoint.authority) is out of reach: \(error)")
        }
    }

    /// Answers an invocation.
    ///
    /// Once: after a refusal nothing more is said, and after a break nobody knows what arrived.
    func answer(_ invocation: LambdaInvocation, with bytes: [UInt8]) async {
        await post(invocation) { try await $0.exchange(.response(bytes, to: invocation)) }
    }

    /// Answers an invocation with an error; as often as with a result.
    func fail(_ invocation: LambdaInvocation, with failure: LambdaFailure) async {
        await post(invocation) { try await $0.exchange(.error(failure, for: invocation)) }
    }

    /// Answers an invocation with content that is made while it is sent; as often as with a result.
    func stream(
        _ invocation: LambdaInvocation,
        _ produce: (@escaping @Sendable ([UInt8]) async throws -> Void) async -> LambdaFailure?
    ) async {
        await post(invocation) { try await $0.stream(.stream(to: invocation), produce) }
    }

    private func post(
        _ invocation: LambdaInvocation,
        _ send: (RuntimeConnection) async throws -> RuntimeResponse
    ) async {
        do {
            let status = try await send(connected()).status
            switch PostVerdict(status: status) {
            case .delivered: break
            case .refused:
                logger.error(
                    "the runtime API refused the answer to an invocation",
                    metadata: ["status": "\(status)", "request-id": "\(invocation.requestID)"]
                )
            case .end(let error): failure.withLock { $0 = error }
            }
        } catch {
            failure.withLock {
                $0 = HostError(.runtimeAPIFailed, "the connection to the runtime API broke during an answer: \(error)")
            }
        }
    }

    private func connected() async throws -> RuntimeConnection {
        if let open = connection.withLock({ $0 }), open.channel.isActive { return open }
        let new = try await RuntimeConnection.open(to: endpoint)
        connection.withLock { $0 = new }
        channels.add(new.channel)
        return new
    }
}
