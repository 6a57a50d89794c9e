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
///
/// The same binary is an HTTP server (Cloud Run, Knative, Azure Functions, containers, a developer's machine) and an
/// AWS Lambda custom runtime. Where it runs is read from the environment: `VERNAL_PLATFORM` (`http` or `lambda`) when
/// it is set; else a Lambda function when there is `AWS_LAMBDA_RUNTIME_API` and no Lambda Web Adapter; else an HTTP
/// server on the address of `AWS_LAMBDA_HTTP_ENDPOINT`, `FUNCTIONS_CUSTOMHANDLER_PORT` or `PORT`; and else on
/// 127.0.0.1:8080.
///
/// SIGTERM and SIGINT begin the orderly end: nothing new is taken, what is in flight finishes within the grace period
/// of the platform, then the call returns. A second signal ends the process at once with status 128 + the signal's
/// number, so 143 for SIGTERM. A handler that goes on for long after it was cancelled at the end of the grace period is
/// ended with the process, status 1. When the host cannot start (a wrong or taken port, a wrong configuration of an
/// engine) or the platform's interface breaks, it says why and ends the process with status 1.
public enum FunctionHost {
    /// Serves requests with a handler until the platform ends the process.
    ///
    /// On Lambda the requests are the events of API Gateway, function URLs and load balancers; any other event is
    /// answered with an error that names `serveEvents`.
    ///
    /// - Parameters:
    ///   - options: How to listen, and the limits.
    ///   - handler: What the function does with a request. What it throws is logged, and the client gets 500.
    /// - Throws: Only what the system throws when it fails beneath the host.
    public static func serve(
        _ options: HostOptions = HostOptions(),
        _ handler: @escaping @Sendable (FunctionRequest, InvocationContext) async throws -> FunctionResponse
    ) async throws {
        try await run(.requests(handler), options)
    }

    /// Serves events with a handler until the platform ends the process.
    ///
    /// On Lambda these are events as they come, from a queue, a bucket, a schedule or a caller; on HTTP platforms they
    /// come as the content of requests.
    ///
    /// - Parameters:
    ///   - options: How to listen, and the limits.
    ///   - handler: What the function does with an event. What it throws is logged, and the caller is told that the
    ///     function failed, so that the platform tries again where it does so.
    /// - Throws: Only what the system throws when it fails beneath the host.
    public static func serveEvents(
        _ options: HostOptions = HostOptions(),
        _ handler: @escaping @Sendable (FunctionEvent, InvocationContext) async throws -> [UInt8]
    ) async throws {
        try await run(.events(handler), options)
    }

    /// Runs a function of either kind on the platform that the environment names.
    ///
    /// - Parameters:
    ///   - program: The function.
    ///   - options: How to listen, and the limits.
    ///   - contract: The contract that the function keeps by itself; `nil`: that of plain requests or events.
    /// - Throws: Only what the system throws when it fails beneath the host.
    static func run(
        _ program: FunctionProgram,
        _ options: HostOptions,
        contract: HTTPPlatform.Flavour? = nil
    ) async throws {
        do {
            let platform = try Platform.decide(
                host: options.host,
                port: options.port,
                environment: ProcessInfo.processInfo.environment
            )
            switch platform {
            case .http(var platform):
                let handler = program.requestHandler(on: platform, contract: contract)
                // A function that was chosen on the command line is one of the framework, too.
                if case .plain = platform.flavour { platform.flavour = contract ?? .plain }
                var options = options
                options.gracePeriod = min(options.gracePeriod, platform.longestGracePeriod ?? options.gracePeriod)
                let host = HTTPHost(options, platform: platform, handler: handler)
                let signals = TerminationSignals(hardLimit: options.gracePeriod + .seconds(2)) { host.beginDrain() }
                defer { signals.stop() }
                await signals.listen()
                try await host.run()
            case .lambda(let platform):
                let host = LambdaHost(options, platform: platform, program: program)
                let signals = TerminationSignals(hardLimit: LambdaHost.stopAllowance * 2) { host.beginDrain() }
                defer { signals.stop() }
                await signals.listen()
                try await host.run()
            }
        } catch let error as HostError {
            // Thrown out of `main` it would end in a trap and a backtrace, which nobody wants to read for a wrong port.
            options.logger.critical("the function has to end", metadata: ["error": "\(error)"])
            exit(EXIT_FAILURE)
        }
    }
}

extension FunctionProgram {
    /// What answers HTTP requests on a platform.
    ///
    /// - Parameters:
    ///   - platform: Whose front sends the requests.
    ///   - contract: The contract that the function keeps by itself.
    /// - Returns: the handler for an `HTTPHost`.
    package func requestHandler(
        on platform: HTTPPlatform,
        contract: HTTPPlatform.Flavour? = nil
    ) -> FunctionHandler {
        if case .azureCustomHandler = platform.flavour, contract != .azureCustomHandler {
            return AzureCustomHandler.handler(for: self)
        }
        return switch self {
        case .requests(let handler): handler
        case .events(let handler): EventsOverHTTP.handler(for: handler)
        }
    }
}
