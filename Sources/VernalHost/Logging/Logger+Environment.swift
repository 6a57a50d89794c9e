package import Logging

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Logger {
    /// A logger that writes to standard error in the form that the platform reads.
    static func fromEnvironment(label: String) -> Logger {
        let settings = LogSettings(environment: ProcessInfo.processInfo.environment)
        var logger = Logger(label: label) { label in
            switch settings.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json(let dialect): JSONLogHandler(label: label, dialect: dialect)
            }
        }
        logger.logLevel = settings.level
        return logger
    }
}

/// How and how much to log, as the environment says.
package struct LogSettings: Sendable, Hashable {
    /// The form of a line.
    package enum Format: Sendable, Hashable {
        /// For a person.
        case text
        /// One JSON object.
        case json(JSONLogDialect)
    }

    /// The form of a line.
    package let format: Format
    /// The lowest level that is written.
    package let level: Logger.Level

    /// Reads the settings; what cannot be read counts as not set, because a wrong level is no reason not to serve.
    package init(environment: [String: String]) {
        if environment["AWS_LAMBDA_LOG_FORMAT"]?.lowercased() == "json" {
            format = .json(.lambda)
        } else if environment["K_SERVICE"]?.isEmpty == false {
            format = .json(.googleCloud)
        } else {
            format = .text
        }
        let names = ["VERNAL_LOG_LEVEL", "LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"]
        level = names.lazy.compactMap { environment[$0].flatMap(Self.level) }.first ?? .info
    }

    /// The level with a name of swift-log, of AWS Lambda or of syslog, in any case.
    private static func level(_ name: String) -> Logger.Level? {
        switch name.lowercased() {
        case "warn": .warning
        case "err": .error
        case "fatal": .critical
        case let name: Logger.Level(rawValue: name)
        }
    }
}
