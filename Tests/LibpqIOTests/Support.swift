import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

/// The two ways in which a conversation can wait; whatever is tested has to hold for both.
enum Waiting: CaseIterable, Sendable {
    case adaptive, parked

    var waiter: SocketWaiter { SocketWaiter(mode: self == .adaptive ? .adaptive : .park) }
}

/// The settings for the tests' server, with changes.
func settings(_ changes: [String: String] = [:]) throws -> ConnectionSettings {
    try settings(TestDatabase.url, changes)
}

func settings(_ url: String, _ changes: [String: String]) throws -> ConnectionSettings {
    var settings = try ConnectionSettings(parsing: url)
    for (keyword, value) in changes { settings[keyword] = value }
    return settings
}

/// Connects, or throws why not.
func connect(
    _ settings: ConnectionSettings,
    _ waiting: Waiting = .adaptive,
    timeout: Duration = .seconds(3),
    within limit: Duration = .seconds(10)
) async throws -> LibpqConnection {
    var attempt = try ConnectAttempt(settings, timeout: timeout)
    let waiter = waiting.waiter
    switch await attempt.drive(until: .now + limit, waiter: waiter) {
    case .connected(var connection):
        connection.waiter = waiter
        return connection
    case .failed(let error): throw error
    case .interrupted(let reason, let phase):
        throw LibpqError(reason == .cancelled ? .cancelled : .timedOut, "interrupted", phase: phase)
    }
}

/// The error with which a connect ends.
func connectError(
    _ settings: ConnectionSettings,
    _ waiting: Waiting = .adaptive,
    timeout: Duration = .seconds(1)
) async throws -> LibpqError {
    try await #require(throws: LibpqError.self) { _ = try await connect(settings, waiting, timeout: timeout) }
}

extension LibpqConnection {
    /// Runs a statement without parameters and returns its only value as text.
    mutating func text(_ statement: String, within limit: Duration? = .seconds(10)) async throws -> String {
        let result = try await query(statement, StatementParameters(), until: limit.map { .now + $0 })
        guard result.ntuples > 0 else { return "" }
        return result.withValue(0, 0) { $0.utf8String() } ?? ""
    }

    /// The error with which a statement ends.
    mutating func failure(_ statement: String, within limit: Duration? = .seconds(10)) async -> LibpqError? {
        do {
            _ = try await query(statement, StatementParameters(), until: limit.map { .now + $0 })
            return nil
        } catch {
            return error
        }
    }
}
