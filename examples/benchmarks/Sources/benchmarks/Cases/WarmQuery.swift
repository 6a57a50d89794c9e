internal import CBench
internal import Vernal

extension Benchmark {
    /// What a warm invocation does: lease a connection, run `SELECT $1::int4`, read the value, return the connection.
    static let warmQuery = Benchmark(name: "warm query") { server in
        [try CQuery(server), try await EngineQuery(server)]
    }
}

private struct CQuery: Contestant {
    let name = "C PQexecParams"
    let isReference = true
    let peer: CPeer

    init(_ server: Server) throws { peer = try CPeer(server) }

    var backendPID: Int32? { peer.backendPID }

    func run(_ calls: Int, into samples: inout Samples) throws { try peer.query(calls, into: &samples) }
}

private struct EngineQuery: Contestant {
    let name = ""
    let engine: Engine
    let backendPID: Int32?

    init(_ server: Server) async throws {
        engine = Engine(configuration: try EngineConfiguration(url: server.url))
        backendPID = try await engine.withConnection { Int32($0.backendPID) }
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        var before = bench_now()
        for number in 0..<Int32(calls) {
            let answer = try await engine.withConnection { connection in
                try await connection.query("SELECT \(number)::int4").value(as: Int32.self)
            }
            guard answer == number else { throw BenchmarkError("the engine got a wrong answer") }
            let now = bench_now()
            samples.append(now - before)
            before = now
        }
    }

    func close() async { await engine.dispose() }
}
