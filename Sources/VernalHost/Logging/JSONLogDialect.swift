package import Logging

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// What a platform calls the parts of a structured log line.
package enum JSONLogDialect: Sendable, Hashable {
    /// AWS Lambda: `timestamp`, `level` as in its own settings, `requestId`.
    case lambda
    /// Google Cloud: `time`, `severity`.
    case googleCloud

    /// One line, with its line break; what the metadata says is below `metadata`, so that no key can hide another.
    package func line(
        _ level: Logger.Level,
        _ message: String,
        _ metadata: Logger.Metadata,
        label: String,
        date: Date
    ) -> String {
        let time = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        var rest = metadata
        var fields: [String]
        switch self {
        case .lambda:
            fields = ["\"timestamp\":\(jsonString(time))", "\"level\":\"\(Self.lambdaName(of: level))\""]
            if case .string(let id)? = rest.removeValue(forKey: "request-id") {
                fields.append("\"requestId\":\(jsonString(id))")
            }
        case .googleCloud:
            fields = ["\"time\":\(jsonString(time))", "\"severity\":\"\(Self.googleCloudName(of: level))\""]
        }
        fields.append("\"message\":\(jsonString(message))")
        fields.append("\"logger\":\(jsonString(label))")
        if !rest.isEmpty { fields.append("\"metadata\":\(Self.json(.dictionary(rest)))") }
        return "{\(fields.joined(separator: ","))}\n"
    }

    /// The names that Lambda filters by.
    ///
    /// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    private static func lambdaName(of level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        case .critical: "FATAL"
        }
    }

    /// The names of `LogSeverity`.
    ///
    /// https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
    private static func googleCloudName(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info: "INFO"
        case .notice: "NOTICE"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): jsonString(text)
        case .stringConvertible(let value): jsonString(value.description)
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let values):
            "{\(values.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(json($0.value))" }.joined(separator: ","))}"
        }
    }
}
