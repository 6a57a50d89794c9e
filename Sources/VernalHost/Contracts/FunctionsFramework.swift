import HTTPTypes
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

/// The contract of Google's Functions Framework: <https://github.com/GoogleCloudPlatform/functions-framework>.
package struct FunctionsFramework: Sendable, Hashable {
    /// The function to serve.
    package let target: String
    /// The signature that the environment asks for; `nil`: it asks for none.
    package let signature: String?
    /// The port from the command line; `nil`: it has none.
    package let port: Int?

    /// Reads which function is wanted: from the command line, else from the environment.
    ///
    /// On AWS Lambda the handler's name counts when it is one of the functions. Without a word about it a program with one
    /// function serves that one, and one with several serves `function`.
    ///
    /// - Parameters:
    ///   - names: The functions that the program has.
    ///   - arguments: The command line, without the program: `--target`, `--signature-type` and `--port`, each followed by
    ///     its value or joined to it with `=`. Others are left to the program.
    ///   - environment: The environment: `FUNCTION_TARGET`, `_HANDLER` and `FUNCTION_SIGNATURE_TYPE`.
    /// - Throws: `HostError` when there is no such function, or the port is none.
    package init(
        choosingFrom names: some Collection<String>,
        arguments: [String],
        environment: [String: String]
    ) throws(HostError) {
        func setting(_ flag: String, _ variable: String?) -> String? {
            let value = Self.value(of: flag, in: arguments) ?? variable.flatMap { environment[$0] }
            return value?.isEmpty == true ? nil : value
        }
        let handler = environment["_HANDLER"].flatMap { names.contains($0) ? $0 : nil }
        let wanted =
            setting("--target", "FUNCTION_TARGET") ?? handler ?? (names.count == 1 ? names.first : nil) ?? "function"
        guard names.contains(wanted) else {
            throw HostError(
                .startFailed,
                "there is no function \(jsonString(String(wanted.prefix(60)))); FUNCTION_TARGET has to be one of "
                    + names.sorted().joined(separator: ", ")
            )
        }
        target = wanted
        signature = setting("--signature-type", "FUNCTION_SIGNATURE_TYPE")
        guard let text = setting("--port", nil) else {
            port = nil
            return
        }
        guard let number = Int(text), (0...65535).contains(number) else {
            throw HostError(.invalidPort, "--port has to be a number from 0 (any free port) to 65535")
        }
        port = number
    }

    private static func value(of flag: String, in arguments: [String]) -> String? {
        for (index, argument) in arguments.enumerated().reversed() {
            if argument.hasPrefix(flag + "=") { return String(argument.dropFirst(flag.count + 1)) }
            if argument == flag, index + 1 < arguments.count { return arguments[index + 1] }
        }
        return nil
    }

    /// A handler that keeps what browsers ask for on their own from a function.
    package static func handler(for handler: @escaping FunctionHandler) -> FunctionHandler {
        { request, context in
            if request.path == "/robots.txt" || request.path == "/favicon.ico" {
                return .failure(.notFound, "not found", requestID: context.requestID)
            }
            return try await handler(request, context)
        }
    }
}

extension FunctionHost {
    /// Serves one of several functions, as the environment or the command line chooses.
    ///
    /// The contract is that of Google's Functions Framework: `FUNCTION_TARGET` or `--target` names the function (a
    /// program with one function needs neither), `PORT` or `--port` is the port. What a function takes is said here;
    /// where `FUNCTION_SIGNATURE_TYPE` says something else, that is logged and otherwise ignored.
    ///
    ///     try await FunctionHost.serve(functions: [
    ///         "users": .http { request, context in … },
    ///         "uploaded": .cloudEvent { event, context in … },
    ///         "sum": .typed { (numbers: [Int], context) in numbers.reduce(0, +) },
    ///     ])
    ///
    /// - Parameters:
    ///   - options: How to listen, and the limits; over `maxConcurrentRequests` the answer is 429.
    ///   - functions: The functions by their names.
    /// - Throws: Only what the system throws when it fails beneath the host.
    public static func serve(
        _ options: HostOptions = HostOptions(),
        functions: [String: HostedFunction]
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        if environment["FUNCTIONS_CUSTOMHANDLER_PORT"] != nil {
            // Azure's host says with each invocation which function it wants.
            let handler = AzureCustomHandler.handler(routing: functions)
            return try await run(.requests(handler), options, contract: .azureCustomHandler)
        }
        var options = options
        do {
            let choice = try FunctionsFramework(
                choosingFrom: functions.keys,
                arguments: Array(CommandLine.arguments.dropFirst()),
                environment: environment
            )
            guard let function = functions[choice.target] else { return }  // Was checked.
            if let asked = choice.signature, asked != function.signature.rawValue {
                options.logger.warning(
                    "the function has another signature type than FUNCTION_SIGNATURE_TYPE; the function's is used",
                    metadata: ["function": "\(choice.target)", "signature": "\(function.signature.rawValue)"]
                )
            }
            options.port = options.port ?? choice.port
            let handler = FunctionsFramework.handler(for: function.handler)
            try await run(.requests(handler), options, contract: .functionsFramework)
        } catch let error as HostError {
            options.logger.critical("the function cannot start", metadata: ["error": "\(error)"])
            exit(EXIT_FAILURE)
        }
    }
}
