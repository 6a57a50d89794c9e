internal import CBench
internal import Vernal

// Contestants that do a piece of work again and again, each time as long as it takes, and say whether what came of it is right.

/// C on libpq.
struct CWork: Contestant {
    let name: String
    let reference: Reference?
    private let peer: CPeer
    private let work: @Sendable (CPeer) throws -> Bool

    init(
        _ server: Server,
        _ name: String,
        reference: Reference? = .plain,
        work: @escaping @Sendable (CPeer) throws -> Bool
    ) throws {
        self.name = name
        self.reference = reference
        peer = try CPeer(server)
        self.work = work
    }

    var backends: [Int32] { [peer.backend] }

    func run(_ calls: Int, into samples: inout Samples) throws {
        for _ in 0..<calls {
            let start = bench_now()
            guard try work(peer) else { throw BenchmarkError("\(name) got something else") }
            samples.append(bench_now() - start)
        }
    }
}

/// The engine.
struct EngineWork: Contestant {
    /// Does the work; whether what came of it is right.
    typealias Work = @Sendable (Engine) async throws -> Bool

    let name: String
    let engine: Engine
    let backends: [Int32]
    /// Made for the run.
    let table: String?
    let work: Work

    init(
        _ server: Server,
        name: String,
        prepares: Bool = true,
        dropping table: String? = nil,
        work: @escaping Work
    ) async throws {
        self.name = name
        engine = try await .connected(server, prepares: prepares)
        backends = [try await engine.backend()]
        self.table = table
        self.work = work
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        for _ in 0..<calls {
            let start = bench_now()
            guard try await work(engine) else { throw BenchmarkError("the engine got something else") }
            samples.append(bench_now() - start)
        }
    }

    func close() async {
        if let table { _ = try? await engine.execute(SQLQuery(unsafeRaw: "DROP TABLE \(table)")) }
        await engine.dispose()
    }
}
