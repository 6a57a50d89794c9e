import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

/// A connection to the tests' server, for tests of types and rows: one session, and results in either format.
final class TypesTestServer {
    private var connection: LibpqConnection

    init() async throws {
        var attempt = try ConnectAttempt(ConnectionSettings(parsing: TestDatabase.url), timeout: .seconds(10))
        switch await attempt.drive(until: .now + .seconds(10), waiter: .shared) {
        case .connected(let connection): self.connection = connection
        case .failed(let error): throw error
        case .interrupted(let reason, _): throw reason
        }
        for setting in ["client_min_messages = warning", "TimeZone = 'UTC'", "IntervalStyle = 'postgres'"] {
            try await connection.command("SET \(setting)", until: nil)
        }
    }

    func query(_ query: SQLQuery, binary: Bool = true) async throws -> Rows {
        try query.validated()
        return Rows(try await connection.query(query.text, query.parameters, binary: binary, until: nil))
    }
}

extension VernalError {
    /// The error that `body` throws.
    static func thrown(by body: () throws -> Void) throws -> VernalError {
        do { try body() } catch { return try #require(error as? VernalError) }
        throw NothingWasThrown()
    }

    struct NothingWasThrown: Error {}
}

extension TypesTestServer {
    /// Sends a value, checks it in the text that the server prints, and reads it back in both formats.
    func roundTrip<T: PostgresCodable & Equatable>(
        _ value: T,
        _ type: String,
        prints text: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let query: SQLQuery = "SELECT x, x::text FROM (SELECT \(value)::\(unsafeRaw: type) AS x) q"
        for binary in [true, false] {
            let row = try await self.query(query, binary: binary).single()
            #expect(try row[0, as: T.self] == value, "binary: \(binary)", sourceLocation: sourceLocation)
            if let text { #expect(try row[1, as: String.self] == text, sourceLocation: sourceLocation) }
        }
    }
}
