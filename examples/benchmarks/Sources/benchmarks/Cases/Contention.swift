internal import CBench
internal import Vernal

extension Benchmark {
    /// Many tasks that share one connection: the hand-over from one to the next should cost next to nothing beside the
    /// statement.
    ///
    /// One sample is the time of a burst divided by its calls, so the ratio is that of the throughputs.
    static let contention = Benchmark(name: "one connection shared") { server in
        [try await Crowd(server, tasks: 1), try await Crowd(server, tasks: 64)]
    }
}

private struct Crowd: Contestant {
    let engine: Engine
    let tasks: Int
    let backendPID: Int32?

    var name: String { tasks == 1 ? "one task" : "\(tasks) tasks" }
    var isReference: Bool { tasks == 1 }

    init(_ server: Server, tasks: Int) async throws {
        var configuration = try EngineConfiguration(url: server.url)
        configuration.maxWaiters = tasks
        configuration.acquireTimeout = .seconds(60)
        engine = Engine(configuration: configuration)
        self.tasks = tasks
        backendPID = try await engine.withConnection { Int32($0.backendPID) }
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        let start = bench_now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    // Calls that do not divide evenly go to the first tasks.
                    for number in 0..<Int32(calls / tasks + (task < calls % tasks ? 1 : 0)) {
                        let answer = try await engine.withConnection { connection in
                            try await connection.query("SELECT \(number)::int4").value(as: Int32.self)
                        }
                        guard answer == number else { throw BenchmarkError("the engine got a wrong answer") }
                    }
                }
            }
            try await group.waitForAll()
        }
        samples.append((bench_now() - start) / UInt64(max(1, calls)))
    }

    func close() async { await engine.dispose() }
}
