#if RedisAdmission
internal import Moments

/// The questions of one caller to Redis, and where they lead in a cluster.
final class RedisSession {
    private var connection: RedisConnection
    private let address: RedisAddress
    private let authority: String?
    private let deadline: Moment

    private init(_ connection: RedisConnection, _ address: RedisAddress, _ authority: String?, _ deadline: Moment) {
        self.connection = connection
        self.address = address
        self.authority = authority
        self.deadline = deadline
    }

    static func open(
        _ address: RedisAddress,
        authority: String?,
        until deadline: Moment
    ) async throws(RedisAdmissionError) -> RedisSession {
        let connection = try await RedisConnection.open(address, authority: authority, until: deadline)
        return RedisSession(connection, address, authority, deadline)
    }

    /// Sends a command, to another node if that has the key, and waits for its answer.
    func run(_ words: [String]) async throws(RedisAdmissionError) -> RedisReply {
        do throws(RedisAdmissionError) {
            return try await connection.run(words, until: deadline)
        } catch {
            guard let place = Self.redirection(error.description) else { throw error }
            var there = address
            if !place.host.isEmpty { there.host = place.host }
            there.port = place.port
            connection = try await RedisConnection.open(there, authority: authority, until: deadline)
            return try await connection.run(words, until: deadline)
        }
    }

    /// Reads `MOVED 3999 127.0.0.1:6381`.
    private static func redirection(_ text: String) -> (host: String, port: Int)? {
        let words = text.split(separator: " ")
        guard let index = words.firstIndex(of: "MOVED"), words.count > index + 2,
            let colon = words[index + 2].lastIndex(of: ":"),
            let port = Int(words[index + 2][words[index + 2].index(after: colon)...])
        else { return nil }
        return (String(words[index + 2][..<colon]), port)
    }
}

#endif
