#if RedisAdmission
internal import LibpqIO
internal import Moments

/// A connection to Redis: one command after the other.
final class RedisConnection {
    private var socket: RedisSocket
    private var tls: TLSSession?
    private var reader: ReplyReader

    private init(_ socket: consuming RedisSocket, _ reader: consuming ReplyReader) {
        self.socket = socket
        self.reader = reader
    }

    /// Connects, encrypts, logs in and chooses the database.
    static func open(
        _ address: RedisAddress,
        authority: String?,
        until deadline: Moment
    ) async throws(RedisAdmissionError) -> RedisConnection {
        guard let reader = ReplyReader() else { throw RedisAdmissionError("no memory") }
        let connection = RedisConnection(try await reach(address, until: deadline), reader)
        if address.usesTLS {
            connection.tls = try TLSSession(host: address.host, authority: authority)
            try await connection.shakeHands(until: deadline)
        }
        if let password = address.password {
            _ = try await connection.run(["AUTH"] + (address.user.map { [$0] } ?? []) + [password], until: deadline)
        }
        if address.database != 0 {
            _ = try await connection.run(["SELECT", String(address.database)], until: deadline)
        }
        return connection
    }

    private static func reach(
        _ address: RedisAddress,
        until deadline: Moment
    ) async throws(RedisAdmissionError) -> RedisSocket {
        let found: [String]
        switch await SocketWaiter.shared.addresses(of: address.host, until: deadline) {
        case .success(.success(let addresses)): found = addresses
        case .success(.failure(let failure)):
            throw RedisAdmissionError("the name of Redis cannot be resolved: \(failure.reason)")
        case .failure: throw RedisAdmissionError("the name of Redis was not resolved in time")
        }
        var last = RedisAdmissionError("the name of Redis has no address")
        for candidate in found {
            do throws(RedisAdmissionError) {
                return try await RedisSocket.connected(to: candidate, port: address.port, until: deadline)
            } catch {
                last = error
            }
        }
        throw last
    }

    private func shakeHands(until deadline: Moment) async throws(RedisAdmissionError) {
        while true {
            let isDone = try tls?.handshake() ?? true
            let bytes = tls?.takeOutput() ?? []
            if !bytes.isEmpty { try await socket.send(bytes, until: deadline) }
            if isDone { return }
            tls?.received(try await socket.receive(until: deadline))
        }
    }

    /// Sends a command and waits for its answer.
    ///
    /// - Throws: also when Redis answers with an error; only then is the connection good for another command.
    func run(_ words: [String], until deadline: Moment) async throws(RedisAdmissionError) -> RedisReply {
        var bytes = ReplyReader.command(words)
        if tls != nil {
            try tls?.write(bytes)
            bytes = tls?.takeOutput() ?? []
        }
        try await socket.send(bytes, until: deadline)
        while true {
            if let reply = try reader.next() {
                if case .failure(let text) = reply { throw RedisAdmissionError("Redis: \(text)") }
                return reply
            }
            var arrived = try await socket.receive(until: deadline)
            if tls != nil {
                tls?.received(arrived)
                arrived = try tls?.read() ?? []
                // OpenSSL may have something to say to the other side, as after a change of keys.
                let answer = tls?.takeOutput() ?? []
                if !answer.isEmpty { try await socket.send(answer, until: deadline) }
            }
            guard reader.feed(arrived) else { throw RedisAdmissionError("what answers is no Redis") }
        }
    }
}

#endif
