import ArgumentParser
import Foundation
import Vernal

/// Which database is asked, and for how long.
struct ServerArgument: ParsableArguments {
    @Argument(help: .init("Where the database is; DATABASE_URL when it is left out.", valueName: "url"))
    var url: String?

    @Option(help: .init("How long it may take, in seconds.", valueName: "seconds"))
    var timeout = 10.0

    func validate() throws {
        guard timeout > 0, timeout <= 600 else { throw ValidationError("--timeout has to be from 0 to 600 seconds.") }
    }

    /// What was said, or `DATABASE_URL`.
    var text: String? { url ?? ProcessInfo.processInfo.environment["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether anything says where the database is: a URL, `DATABASE_URL`, or one of libpq's variables.
    var isKnown: Bool {
        let variables = ProcessInfo.processInfo.environment
        return text != nil || ["PGHOST", "PGHOSTADDR", "PGSERVICE"].contains { variables[$0] != nil }
    }

    /// What the URL says; without one what the environment says, as a function reads it.
    func configuration(for engine: String? = nil) throws(VernalError) -> EngineConfiguration {
        if let url { return try EngineConfiguration(url: url) }
        return try EngineConfiguration(environmentFor: engine)
    }

    /// The exit status for an error of a connect, by the numbers of `sysexits.h`.
    static func status(for error: VernalError) -> Int32 {
        switch error.code {
        case .configuration: 64
        case .authenticationFailed: 77
        default: 69
        }
    }
}
