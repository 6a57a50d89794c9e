import Logging

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Runs a function: `FunctionHost.serve { request, context in … }` is the whole program.
public enum FunctionHost {
    /// Serves requests with a handler until the platform ends the process.
    ///
    /// Listens on `PORT` when it is set and else on 127.0.0.1:8080. SIGTERM and SIGINT begin the orderly end: no new
    /// connections, requests in flight finish within the grace period, then the call returns. A second signal ends the
    /// process at once with status 128 + the signal's number, so 143 for SIGTERM. A handler that goes on for more than
    /// two seconds after it was cancelled at the end of the grace period is ended with the process, status 1. When the
    /// host cannot start (a wrong or taken port, a wrong configuration of an engine) it says why and ends the process with
    /// status 1.
    ///
    /// - Parameters:
    ///   - options: How to listen, and the limits.
    ///   - handler: What the function does with a request. What it throws is logged, and the client gets 500.
    /// - Throws: Only what the system throws when it fails beneath the host.
    public static func serve(
        _ options: HostOptions = HostOptions(),
        _ handler: @escaping @Sendable (FunctionRequest, InvocationContext) async throws -> FunctionResponse
    ) async throws {
        do {
            let platform = try Platform.decide(
                host: options.host,
                port: options.port,
                environment: ProcessInfo.processInfo.environment
            )
            let host = HTTPHost(options, platform: platform, handler: handler)
            let signals = TerminationSignals(hardLimit: options.gracePeriod + .seconds(2)) { host.beginDrain() }
            defer { signals.stop() }
            try await host.run()
        } catch let error as HostError {
            // Thrown out of `main` it would end in a trap and a backtrace, which nobody wants to read for a wrong port.
            options.logger.critical("the function cannot start", metadata: ["error": "\(error)"])
            exit(EXIT_FAILURE)
        }
    }
}
