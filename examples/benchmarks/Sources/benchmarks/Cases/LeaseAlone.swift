internal import Vernal

extension Benchmark {
    /// Lease a connection and return it, without a query: what the pool itself costs.
    static let leaseAlone = Benchmark(name: "lease and return") { server, _ in
        [
            try CLease(server),
            try await EngineLease(server, name: "", bypass: .seconds(60)),
            try await EngineLease(server, name: "with a look at the socket", bypass: .zero),
        ]
    }
}

private struct CLease: Contestant {
    let name = "C mutex and condition"
    let reference: Reference? = .plain
    let peer: CPeer

    init(_ server: Server) throws { peer = try CPeer(server) }

    func run(_ calls: Int, into samples: inout Samples) async {
        await samples.measureBatches(calls) { peer.lease($0) }
    }
}

private struct EngineLease: Contestant {
    let name: String
    let engine: Engine

    // Within `bypass` of its last use a connection is lent without a look at it.
    init(_ server: Server, name: String, bypass: Duration) async throws {
        self.name = name
        var configuration = try EngineConfiguration(url: server.url)
        configuration.pingBypass = bypass
        engine = Engine(configuration: configuration)
        try await engine.withConnection { _ in }
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        try await samples.measureBatches(calls) { count in
            for _ in 0..<count { try await engine.withConnection { _ in } }
        }
    }

    func close() async { await engine.dispose() }
}
