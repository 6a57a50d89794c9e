internal import CBench

/// A connection of libpq that C code works on.
///
/// It is `Sendable` because a session gives its contestants their turns one after the other, and `close` comes last.
@safe
final class CPeer: @unchecked Sendable {
    private let peer: OpaquePointer

    init(_ server: Server) throws {
        let capacity = 512
        var reason = ""
        let opened = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { message in
            let opened = unsafe bench_peer_open(server.url, message.baseAddress, capacity)
            if unsafe opened == nil, let message = message.baseAddress {
                reason = unsafe String(cString: message)
            }
            return unsafe opened
        }
        guard let opened = unsafe opened else { throw BenchmarkError("C cannot connect: \(reason)") }
        unsafe peer = opened
    }

    deinit {
        unsafe bench_peer_close(peer)
    }

    var backendPID: Int32 { unsafe bench_peer_backend_pid(peer) }

    func query(_ calls: Int, into samples: inout Samples) throws {
        try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: calls) { durations in
            guard unsafe bench_peer_query(peer, Int32(calls), durations.baseAddress) == 0 else {
                throw BenchmarkError("C got no answer, or a wrong one")
            }
            for index in 0..<calls { unsafe samples.append(durations[index]) }
        }
    }

    func lease(_ calls: Int) { unsafe bench_peer_lease(peer, Int32(calls)) }
}
