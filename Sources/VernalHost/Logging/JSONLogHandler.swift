package import Logging
internal import SystemPackage

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Writes each line as a JSON object to standard error, with one call of the system, so that lines stay whole.
package struct JSONLogHandler: LogHandler {
    private let label: String
    private let dialect: JSONLogDialect

    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel = Logger.Level.info

    package init(label: String, dialect: JSONLogDialect) {
        self.label = label
        self.dialect = dialect
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let metadataProvider { all.merge(metadataProvider.get()) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        let line = dialect.line(event.level, event.message.description, all, label: label, date: .now)
        // Nobody can be told when that fails.
        _ = try? FileDescriptor.standardError.writeAll(line.utf8)
    }
}
