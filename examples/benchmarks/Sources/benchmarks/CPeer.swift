internal import CBench

/// A connection of libpq that C code works on.
///
/// It is `Sendable` because a session gives its contestants their turns one after the other, and `close` comes last.
@safe
final class CPeer: @unchecked Sendable {
    private let peer: OpaquePointer
    let backend: Int32

    /// How a statement is sent, and, of rows, how they come.
    enum How: Sendable {
        case params, prepared, rowByRow

        fileprivate var number: Int32 {
            switch self {
            case .params: Int32(BENCH_PARAMS)
            case .prepared: Int32(BENCH_PREPARED)
            case .rowByRow: Int32(BENCH_ROW_BY_ROW)
            }
        }
    }

    init(_ server: Server) throws {
        unsafe peer = try unsafe withMessage { unsafe bench_peer_open(server.url, $0, $1) }
        backend = unsafe bench_peer_backend_pid(peer)
    }

    deinit {
        unsafe bench_peer_close(peer)
    }

    func query(_ how: How, _ calls: Int, into samples: inout Samples) throws {
        try unsafe samples.fill(calls) { unsafe bench_peer_query(peer, how.number, Int32(calls), $0) }
    }

    func lease(_ calls: Int) { unsafe bench_peer_lease(peer, Int32(calls)) }

    /// Runs statements that return nothing.
    func execute(_ statements: String) throws {
        guard unsafe bench_peer_execute(peer, statements) == 0 else { throw BenchmarkError("C: a statement failed") }
    }

    /// Runs a statement and reads all that it returns; the number of rows.
    func rows(_ how: How, _ statement: String) throws -> Int {
        var digest = bench_digest()
        guard unsafe bench_peer_rows(peer, how.number, statement, &digest) == 0 else {
            throw BenchmarkError("C got no rows")
        }
        return Int(digest.rows)
    }

    /// Copies to this side; the number of bytes.
    func copyOut(_ statement: String) throws -> Int {
        var bytes: UInt64 = 0
        guard unsafe bench_peer_copy_out(peer, statement, &bytes) == 0 else { throw BenchmarkError("C: a copy failed") }
        return Int(bytes)
    }

    /// Copies the same piece to the server, again and again.
    func copyIn(_ statement: String, _ piece: String, times: Int) throws {
        let failed = unsafe bench_peer_copy_in(peer, statement, piece, piece.utf8.count, Int32(times))
        guard failed == 0 else { throw BenchmarkError("C: a copy failed") }
    }

    /// Connects and closes again.
    static func connect(_ server: Server, _ calls: Int, into samples: inout Samples) throws {
        try unsafe samples.fill(calls) { unsafe bench_connect(server.url, Int32(calls), $0) }
    }
}

/// Threads of C that share connections; `Sendable` for the same reason.
@safe
final class CCrowd: @unchecked Sendable {
    private let crowd: OpaquePointer
    let backends: [Int32]

    init(_ server: Server, connections: Int) throws {
        let crowd = try unsafe withMessage { unsafe bench_crowd_open(server.url, Int32(connections), $0, $1) }
        unsafe self.crowd = crowd
        backends = (0..<Int32(connections)).map { unsafe bench_crowd_backend_pid(crowd, $0) }
    }

    deinit {
        unsafe bench_crowd_close(crowd)
    }

    func run(threads: Int, _ calls: Int, into samples: inout Samples) throws {
        var together: UInt64 = 0
        try unsafe samples.fill(calls) { unsafe bench_crowd_run(crowd, Int32(threads), Int32(calls), $0, &together) }
        samples.setTogether(together, calls: calls)
    }
}

/// Opens something of C that says why it could not.
private func withMessage(
    _ open: (UnsafeMutablePointer<CChar>?, Int) -> OpaquePointer?
) throws -> OpaquePointer {
    let capacity = 512
    var reason = ""
    let opened = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { message in
        let opened = unsafe open(message.baseAddress, capacity)
        if unsafe opened == nil, let message = message.baseAddress {
            reason = unsafe String(cString: message)
        }
        return unsafe opened
    }
    guard let opened = unsafe opened else { throw BenchmarkError("C cannot connect: \(reason)") }
    return unsafe opened
}

extension Samples {
    /// Lets C write the durations.
    mutating func fill(_ calls: Int, _ write: (UnsafeMutablePointer<UInt64>?) -> Int32) throws {
        try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: calls) { durations in
            guard unsafe write(durations.baseAddress) == 0 else {
                throw BenchmarkError("a peer got no answer, or a wrong one")
            }
            for index in 0..<calls { unsafe append(durations[index]) }
        }
    }
}
