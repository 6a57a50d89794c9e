package import EmbeddedPostgres
internal import LibpqIO
internal import Moments
package import Vernal

extension TestDatabase {
    /// The tests' server as a pooler needs it.
    package static var poolerTarget: PoolerTarget {
        get throws {
            let settings = try ConnectionSettings(parsing: url)
            return PoolerTarget(
                port: settings["port"].flatMap { Int($0) } ?? 5432,
                user: settings["user"] ?? "",
                password: settings["password"] ?? "",
                database: settings["dbname"] ?? ""
            )
        }
    }
}

/// Runs `body` with a pooler in front of the tests' server.
package func withPooler<R: Sendable>(
    _ options: PoolerOptions,
    _ body: (EmbeddedPooler) async throws -> R
) async throws -> R {
    try await withEmbeddedPooler(options, for: TestDatabase.poolerTarget, body)
}

extension EmbeddedPooler {
    /// An engine that goes through the pooler.
    package func engine(_ change: (inout EngineConfiguration) -> Void = { _ in }) throws -> Engine {
        var configuration = try EngineConfiguration(url: url)
        configuration.connectRate = 1000
        change(&configuration)
        return Engine(configuration: configuration)
    }

    /// Gives PgBouncer an order over its console.
    package func order(_ command: String) async throws {
        var attempt = try ConnectAttempt(ConnectionSettings(parsing: url(database: "pgbouncer")), timeout: .seconds(5))
        let deadline = Moment.now + .seconds(10)
        let progress = await attempt.drive(until: deadline, waiter: .shared)
        switch consume progress {
        case .connected(var link): try await link.command(command, until: deadline)
        case .failed(let error): throw error
        case .interrupted: throw ConsoleTimeout()
        }
    }
}

private struct ConsoleTimeout: Error {}
