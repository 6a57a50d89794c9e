import Foundation
import InvocationLifecycle
import Logging
import Synchronization
import VernalHost

/// A function that polls a runtime API of a test.
struct RunningLambda: Sendable {
    let api: LambdaRuntimeAPI
    let host: LambdaHost
    let log: RecordedLog
    /// Happens when the host has ended.
    let ended: Event

    /// Sends an event and waits for what the function posts.
    func invoke(
        _ event: String = "{}",
        id: String = "id-1",
        headers: [(String, String)] = [],
        isChunked: Bool = false
    ) async throws -> LambdaRuntimeAPI.Post {
        api.send(.event(event, id: id, headers: headers, isChunked: isChunked))
        return try await api.post()
    }
}

/// Runs a function against a runtime API of the test, calls the body, and ends the function as SIGTERM does.
///
/// What the extension posts at the start is taken out already.
func withLambda<Result: Sendable>(
    _ program: FunctionProgram,
    concurrency: Int? = nil,
    path: String = "",
    behaviour: LambdaRuntimeAPI.Behaviour = .init(),
    registry: ParticipantRegistry = ParticipantRegistry(),
    _ change: (inout HostOptions) -> Void = { _ in },
    _ body: (RunningLambda) async throws -> Result
) async throws -> Result {
    let (api, log, ended) = (LambdaRuntimeAPI(), RecordedLog(), Event())
    api.behaviour.withLock { $0 = behaviour }
    var options = HostOptions()
    options.logger = Logger(label: "test") { _ in log.handler }
    options.logger.logLevel = .trace
    change(&options)
    return try await api.run { [options] port in
        guard let endpoint = RuntimeEndpoint("http://127.0.0.1:\(port)\(path)") else { throw HostEnded() }
        let platform = LambdaPlatform(
            endpoint: endpoint,
            concurrency: concurrency ?? 1,
            isManaged: concurrency != nil
        )
        let host = LambdaHost(options, platform: platform, registry: registry, program: program)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { ended.happen() }
                try await host.run()
            }
            _ = try await api.post()
            if behaviour.registerStatus == 200 { _ = try await api.post() }
            let result = try await body(RunningLambda(api: api, host: host, log: log, ended: ended))
            host.beginDrain()
            try await group.waitForAll()
            return result
        }
    }
}

/// A deadline so far from now, as the platform writes it.
func deadline(in time: Duration) -> (String, String) {
    ("Lambda-Runtime-Deadline-Ms", String(wallMilliseconds() + Int64(time / .milliseconds(1))))
}

/// The time of day in milliseconds since 1970.
func wallMilliseconds() -> Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }
