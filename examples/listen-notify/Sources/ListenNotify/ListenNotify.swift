import Foundation
import Vernal
import VernalHost

/// Messages that reach every browser that is looking, as server-sent events.
///
///     GET  /events?seconds=N   the messages as they come, for N seconds (25); after the one in Last-Event-ID, when there is one
///     POST /messages           {"text": "hello"} → 201
///     GET  /pools              the statistics of both pools
@main struct ListenNotify {
    static func main() async throws {
        do {
            try configureListening(ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("listen-notify: \(error)\n".utf8))
            exit(EXIT_FAILURE)
        }
        try await FunctionHost.serve { request, _ in
            switch (request.method, request.pathComponents) {
            case (.get, ["events"]): return try await Events.response(to: request)
            case (.post, ["messages"]):
                try await Messages.add(request.decode(NewMessage.self))
                return .empty(.created)
            case (.get, ["pools"]):
                return try .json(["work": getEngine().statistics, "listen": getEngine("listen").statistics])
            default: return .text("not found\n", status: .notFound)
            }
        }
    }

    /// Those who listen have connections of their own, so that they leave the others theirs.
    ///
    /// They need direct ones: where DATABASE_URL names a pooler, DATABASE_URL_LISTEN names the database.
    private static func configureListening(_ environment: [String: String]) throws {
        let name = environment["DATABASE_URL_LISTEN"] == nil ? nil : "listen"
        var environment = environment
        // This is about the pooler; what it says of the database itself is VERNAL_UPSTREAM_LISTEN.
        if name != nil { environment["VERNAL_UPSTREAM"] = nil }
        var configuration = try EngineConfiguration(environmentFor: name, environment: environment)
        configuration.poolSize = maxListeners
        configuration[connectionParameter: "application_name"] = "listener"
        // To hold a connection for long is what they are for, and no leak.
        configuration.leakThreshold = nil
        try configureEngine(configuration, name: "listen")
    }

    /// How many may listen at the same time in one process; each of them has a connection.
    static let maxListeners = 4
}
