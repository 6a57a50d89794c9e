internal import CBench
internal import Vernal

extension Benchmark {
    /// What a warm invocation does: lease a connection, run `SELECT $1::int4`, read the value, return the connection.
    static let warmQuery = Benchmark(name: "warm query", scope: .all) { server, options in
        var contestants: [any Contestant] = [try CQuery(server, .params)]
        // Behind a pooler of transactions nobody prepares.
        if server.isPooler { return contestants + [try await EngineQuery(server)] }
        contestants += [
            try CQuery(server, .prepared), try await EngineQuery(server),
            try await EngineQuery(server, prepares: false),
        ]
        return contestants + (try ProcessPeer.start(options.peers, server))
    }
}

private struct CQuery: Contestant {
    let how: CPeer.How
    let peer: CPeer

    init(_ server: Server, _ how: CPeer.How) throws {
        self.how = how
        peer = try CPeer(server)
    }

    var name: String { how == .params ? "C PQexecParams" : "C PQexecPrepared" }
    var reference: Reference? { how == .params ? .plain : .prepared }
    var backends: [Int32] { [peer.backend] }

    func run(_ calls: Int, into samples: inout Samples) throws { try peer.query(how, calls, into: &samples) }
}

private struct EngineQuery: Contestant {
    let name: String
    let engine: Engine
    let backends: [Int32]

    init(_ server: Server, prepares: Bool = true) async throws {
        name = prepares ? "" : "not prepared"
        engine = try await .connected(server, prepares: prepares)
        backends = [try await engine.backend()]
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        var before = bench_now()
        for number in 0..<Int32(calls) {
            try await engine.warmQuery(number)
            let now = bench_now()
            samples.append(now - before)
            before = now
        }
    }

    func close() async { await engine.dispose() }
}
