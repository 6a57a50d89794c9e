/// Where the function runs, decided once at start from the environment.
///
/// Plain HTTP is the only platform so far; each further one is a case here and a branch in `FunctionHost.serve`.
package enum Platform: Sendable, Hashable {
    /// An HTTP/1.1 server on this address.
    case http(host: String, port: Int)

    /// Where a developer finds the function when nothing is set: this machine only.
    package static let development = Platform.http(host: "127.0.0.1", port: 8080)

    /// Reads the platform from the environment.
    ///
    /// `PORT` means a container platform, whose front reaches the function from outside: every address is bound.
    ///
    /// - Throws: `HostError` with code `invalidPort` when `PORT` is not a number from 1 to 65535.
    package static func detect(environment: [String: String]) throws(HostError) -> Platform {
        guard let text = environment["PORT"], !text.isEmpty else { return development }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text), (1...65535).contains(port)
        else {
            throw HostError(
                .invalidPort,
                "PORT has to be a number from 1 to 65535, but it is \(printable(text)); correct it or unset it"
            )
        }
        return .http(host: "0.0.0.0", port: port)
    }

    /// The platform with what the options say in place of what was detected.
    ///
    /// An explicit port makes the environment irrelevant, so that a malformed `PORT` does not get in the way of it.
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
        if let host, let port { return .http(host: host, port: port) }
        if let port { return .http(host: environment["PORT"] == nil ? "127.0.0.1" : "0.0.0.0", port: port) }
        switch try detect(environment: environment) {
        case .http(let detectedHost, let detectedPort): return .http(host: host ?? detectedHost, port: detectedPort)
        }
    }

    /// The text in quotes, short and without control characters, so that an error line stays one line.
    private static func printable(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(20).map { $0.properties.generalCategory == .control ? "?" : String($0) }
        return "\"\(safe.joined())\(text.unicodeScalars.count > 20 ? "…" : "")\""
    }
}
