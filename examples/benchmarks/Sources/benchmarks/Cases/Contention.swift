internal import CBench
internal import Vernal

extension Benchmark {
    /// Many tasks that share one connection: the hand-over from one to the next should cost next to nothing beside the
    /// statement.
    ///
    /// One sample is the time of a burst divided by its calls, so the ratio is that of the throughputs.
    static let contention = Benchmark(name: "one connection shared") { server in
        [
            try await Crowd(server, tasks: 1), try await Crowd(server, tasks: 64),
            try await Crowd(server, tasks: 1, on: Engine.executor),
            try await Crowd(server, tasks: 64, on: Engine.executor),
        ]
    }
}

private struct Crowd: Contestant {
    let engine: Engine
    let tasks: Int
    let executor: (any TaskExecutor)?
    let backendPID: Int32?

    var name: String { (tasks == 1 ? "one task" : "\(tasks) tasks") + (executor == nil ? "" : ", Engine.executor") }
    var isReference: Bool { tasks == 1 && executor == nil }

    init(_ server: Server, tasks: Int, on executor: (any TaskExecutor)? = nil) async throws {
        var configuration = try EngineConfiguration(url: server.url)
        configuration.maxWaiters = tasks
        configuration.acquireTimeout = .seconds(60)
        engine = Engine(configuration: configuration)
        self.tasks = tasks
        self.executor = executor
        backendPID = try await engine.withConnection { Int32($0.backendPID) }
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        var start: UInt64 = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            // All are to be there when it begins; else the first is done before the last has come.
            try await engine.withConnection { _ in
                for task in 0..<tasks {
                    // Calls that do not divide evenly go to the first tasks.
                    let share = calls / tasks + (task < calls % tasks ? 1 : 0)
                    group.addTask(executorPreference: executor) { try await Self.ask(engine, share) }
                }
                while engine.status.waiting < min(tasks, calls) { try await Task.sleep(for: .microseconds(100)) }
                start = bench_now()
            }
            try await group.waitForAll()
        }
        samples.append((bench_now() - start) / UInt64(max(1, calls)))
    }

    private static func ask(_ engine: Engine, _ calls: Int) async throws {
        for number in 0..<Int32(calls) {
            let answer = try await engine.withConnection { connection in
                try await connection.query("SELECT \(number)::int4").value(as: Int32.self)
            }
            guard answer == number else { throw BenchmarkError("the engine got a wrong answer") }
        }
    }

    func close() async { await engine.dispose() }
}
