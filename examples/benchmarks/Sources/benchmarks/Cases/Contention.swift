internal import CBench
internal import Vernal

extension Benchmark {
    /// Many tasks that share one connection: the hand-over from one to the next should cost next to nothing beside the
    /// statement.
    static let oneConnectionShared = shared("one connection shared", connections: 1)
    /// Many tasks on a pool of ten.
    static let tenConnectionsShared = shared("ten connections shared", connections: 10)

    private static func shared(_ name: String, connections: Int) -> Benchmark {
        Benchmark(name: name, compared: .together) { server, _ in
            var contestants: [any Contestant] = [try CThreads(server, connections: connections)]
            if connections == 1 { contestants.append(try await Crowd(server, tasks: 1, connections: 1)) }
            return contestants + [
                try await Crowd(server, tasks: 64, connections: connections),
                try await Crowd(server, tasks: 64, connections: connections, on: Engine.executor),
            ]
        }
    }
}

private struct CThreads: Contestant {
    let name = "C, 64 threads"
    let reference: Reference? = .plain
    let crowd: CCrowd

    init(_ server: Server, connections: Int) throws { crowd = try CCrowd(server, connections: connections) }

    var backends: [Int32] { crowd.backends }

    func run(_ calls: Int, into samples: inout Samples) throws { try crowd.run(threads: 64, calls, into: &samples) }
}

private struct Crowd: Contestant {
    let engine: Engine
    let tasks: Int
    let connections: Int
    let executor: (any TaskExecutor)?
    let backends: [Int32]

    var name: String { (tasks == 1 ? "one task" : "\(tasks) tasks") + (executor == nil ? "" : ", Engine.executor") }

    init(_ server: Server, tasks: Int, connections: Int, on executor: (any TaskExecutor)? = nil) async throws {
        var configuration = try EngineConfiguration(url: server.url)
        configuration.poolSize = connections
        configuration.maxWaiters = tasks
        configuration.acquireTimeout = .seconds(60)
        // A pool that is never idle is what is measured, and no reason for a warning.
        configuration.alertThresholds.interval = .seconds(86_400)
        engine = Engine(configuration: configuration)
        self.tasks = tasks
        self.connections = connections
        self.executor = executor
        let pids = BackendList()
        try await Self.hold(engine, connections) {
            pids.add($0)
        } whileHeld: {
        }
        backends = pids.all
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        let durations = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            var start: UInt64 = 0
            // All are to be there when it begins; else the first is done before the last has come.
            try await Self.hold(engine, connections) { _ in
            } whileHeld: {
                for task in 0..<tasks {
                    // Calls that do not divide evenly go to the first tasks.
                    let share = calls / tasks + (task < calls % tasks ? 1 : 0)
                    group.addTask(executorPreference: executor) { try await Self.ask(engine, share) }
                }
                while engine.status.waiting < min(tasks, calls) { try await Task.sleep(for: .microseconds(100)) }
                start = bench_now()
            }
            var durations: [UInt64] = []
            for try await share in group { durations += share }
            samples.setTogether(bench_now() - start, calls: calls)
            return durations
        }
        for duration in durations { samples.append(duration) }
    }

    /// Takes all connections, one inside the other.
    private static func hold(
        _ engine: Engine,
        _ count: Int,
        each: (Int32) -> Void,
        whileHeld body: () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body() }
        try await engine.withConnection { connection in
            each(Int32(connection.backendPID))
            try await hold(engine, count - 1, each: each, whileHeld: body)
        }
    }

    private static func ask(_ engine: Engine, _ calls: Int) async throws -> [UInt64] {
        var durations: [UInt64] = []
        durations.reserveCapacity(calls)
        for number in 0..<Int32(calls) {
            let start = bench_now()
            try await engine.warmQuery(number)
            durations.append(bench_now() - start)
        }
        return durations
    }

    func close() async { await engine.dispose() }
}

/// Collects numbers from a closure.
private final class BackendList {
    private(set) var all: [Int32] = []
    func add(_ backend: Int32) { all.append(backend) }
}
