internal import CBench
internal import Vernal

extension Benchmark {
    /// A new connection, ready for a statement; closing it is not in the time.
    ///
    /// It is also where the heap of an open, idle connection is looked at, with the engine that it belongs to.
    static let connect = Benchmark(name: "connect", weight: 20) { server, _ in
        [try CConnect(server), try await EngineConnect(server)]
    }
}

private struct CConnect: Contestant {
    let name = "C PQconnectdb"
    let reference: Reference? = .plain
    let server: Server
    let backends: [Int32]

    init(_ server: Server) throws {
        self.server = server
        // It starts those that are to come.
        backends = [bench_parent(try CPeer(server).backend)]
    }

    func run(_ calls: Int, into samples: inout Samples) throws {
        try CPeer.connect(server, calls, into: &samples)
    }

    func heapInUse() throws -> Int64? {
        bench_counters_start()
        defer { _ = bench_counters_stop() }
        let peer = try CPeer(server)
        return withExtendedLifetime(peer) { bench_counters_now().live_bytes }
    }
}

private struct EngineConnect: Contestant {
    let name = ""
    let configuration: EngineConfiguration

    init(_ server: Server) async throws { configuration = try EngineConfiguration(url: server.url) }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        for _ in 0..<calls {
            let engine = Engine(configuration: configuration)
            let start = bench_now()
            try await engine.withConnection { _ in }
            samples.append(bench_now() - start)
            await engine.dispose()
        }
    }

    func heapInUse() async throws -> Int64? {
        bench_counters_start()
        defer { _ = bench_counters_stop() }
        let engine = Engine(configuration: configuration)
        _ = try await engine.backend()
        let bytes = bench_counters_now().live_bytes
        await engine.dispose()
        return bytes
    }
}
