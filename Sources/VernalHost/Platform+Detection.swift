extension Platform {
    /// Reads the platform from the environment.
    ///
    /// The first that is set decides: `VERNAL_PLATFORM` (`http` or `lambda`); any `AWS_LWA_…`, because the AWS Lambda Web
    /// Adapter asks the runtime API itself and both would take each other's invocations; `AWS_LAMBDA_RUNTIME_API`;
    /// `AWS_LAMBDA_HTTP_ENDPOINT`; `FUNCTIONS_CUSTOMHANDLER_PORT`; then `FUNCTION_TARGET`, `K_SERVICE` or `PORT`, which mean a
    /// container platform whose front reaches the function from outside, so that every address is bound; and else
    /// this is a developer's machine. A variable that is empty counts as not set.
    ///
    /// - Throws: `HostError` that names the variable, with code `invalidPort` for a port, else `invalidEnvironment`.
    package static func detect(environment: [String: String]) throws(HostError) -> Platform {
        try detect(Variables(environment))
    }

    /// The platform with what the options say in place of what was detected.
    ///
    /// The host and the port of the options are for HTTP and do not choose it. An explicit port makes the environment's
    /// irrelevant, so that a malformed `PORT` does not get in the way of it.
    package static func decide(
        host: String?,
        port: Int?,
        environment: [String: String]
    ) throws(HostError) -> Platform {
        if let port, !(0...65535).contains(port) {
            throw HostError(
                .invalidPort,
                "HostOptions.port has to be from 0 (any free port) to 65535, but it is \(port)"
            )
        }
        switch try detect(Variables(environment, port: port)) {
        case .lambda(let platform): return .lambda(platform)
        case .http(var platform):
            if let host { platform.host = host }
            if let port { platform.port = port }
            return .http(platform)
        }
    }

    private static func detect(_ variables: Variables) throws(HostError) -> Platform {
        switch variables["VERNAL_PLATFORM"] {
        case nil: break
        case "http": return .http(try .detect(variables))
        case "lambda": return .lambda(try .detect(variables))
        case let other?:
            throw HostError(
                .invalidEnvironment,
                "VERNAL_PLATFORM has to be http or lambda, but it is \(printable(other))"
            )
        }
        if variables["AWS_LAMBDA_RUNTIME_API"] != nil, !variables.hasAny(withPrefix: "AWS_LWA_") {
            return .lambda(try .detect(variables))
        }
        return .http(try .detect(variables))
    }
}

extension HTTPPlatform {
    fileprivate static func detect(_ variables: Variables) throws(HostError) -> HTTPPlatform {
        if variables.hasAny(withPrefix: "AWS_LWA_") {
            let own = try variables.port("AWS_LWA_PORT")
            let common = try variables.port("PORT")
            return HTTPPlatform(host: "0.0.0.0", port: own ?? common ?? 8080, flavour: .lambdaWebAdapter)
        }
        if let text = variables["AWS_LAMBDA_HTTP_ENDPOINT"] {
            guard let address = RuntimeEndpoint(text), address.path.isEmpty else {
                throw HostError(
                    .invalidEnvironment,
                    "AWS_LAMBDA_HTTP_ENDPOINT has to be host:port, but it is \(printable(text))"
                )
            }
            return HTTPPlatform(host: address.host, port: address.port, flavour: .lambdaWebFunction)
        }
        if let port = try variables.port("FUNCTIONS_CUSTOMHANDLER_PORT") {
            return HTTPPlatform(host: "127.0.0.1", port: port, flavour: .azureCustomHandler)
        }
        let port = try variables.port("PORT")
        let flavour: Flavour =
            if variables["FUNCTION_TARGET"] != nil {
                .functionsFramework
            } else if variables["K_SERVICE"] != nil {
                .cloudRun
            } else {
                .plain
            }
        guard port != nil || flavour != .plain else { return HTTPPlatform(host: "127.0.0.1", port: 8080) }
        return HTTPPlatform(host: "0.0.0.0", port: port ?? 8080, flavour: flavour)
    }
}

extension LambdaPlatform {
    fileprivate static func detect(_ variables: Variables) throws(HostError) -> LambdaPlatform {
        guard let text = variables["AWS_LAMBDA_RUNTIME_API"] else {
            throw HostError(.invalidEnvironment, "VERNAL_PLATFORM is lambda, but AWS_LAMBDA_RUNTIME_API is not set")
        }
        guard let endpoint = RuntimeEndpoint(text) else {
            throw HostError(
                .invalidEnvironment,
                "AWS_LAMBDA_RUNTIME_API has to be host:port or an http URL, but it is \(printable(text))"
            )
        }
        guard let concurrency = variables["AWS_LAMBDA_MAX_CONCURRENCY"] else {
            return LambdaPlatform(endpoint: endpoint)
        }
        guard let number = decimal(concurrency), (1...10_000).contains(number) else {
            throw HostError(
                .invalidEnvironment,
                "AWS_LAMBDA_MAX_CONCURRENCY has to be a number from 1 to 10000, but it is \(printable(concurrency))"
            )
        }
        return LambdaPlatform(endpoint: endpoint, concurrency: number, isManaged: true)
    }
}

/// The environment, in which an empty variable is none.
private struct Variables {
    private let environment: [String: String]
    /// What the options say in place of every port.
    private let chosenPort: Int?

    init(_ environment: [String: String], port: Int? = nil) {
        self.environment = environment
        chosenPort = port
    }

    subscript(name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func hasAny(withPrefix prefix: String) -> Bool {
        environment.contains { $0.key.hasPrefix(prefix) && !$0.value.isEmpty }
    }

    func port(_ name: String) throws(HostError) -> Int? {
        guard let text = self[name] else { return nil }
        if let chosenPort { return chosenPort }
        guard let port = decimal(text), (1...65535).contains(port) else {
            throw HostError(
                .invalidPort,
                "\(name) has to be a number from 1 to 65535, but it is \(printable(text)); correct it or unset it"
            )
        }
        return port
    }
}

/// A number of plain digits: no sign, no space, no overflow.
func decimal(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
}

/// The text in quotes, short and without control characters, so that an error line stays one line.
private func printable(_ text: String) -> String {
    let safe = text.unicodeScalars.prefix(20).map { $0.properties.generalCategory == .control ? "?" : String($0) }
    return "\"\(safe.joined())\(text.unicodeScalars.count > 20 ? "…" : "")\""
}
