internal import CBench
internal import Dispatch
internal import Synchronization
internal import Vernal

extension Benchmark {
    /// By how much a task that has nothing to do with the database is late while another waits for an answer, where both
    /// have but one thread.
    ///
    /// One call is one sleep of half a millisecond; its time is what it took longer.
    static let stall = Benchmark(name: "stall of another task", scope: .once, weight: 4, compared: .tail) {
        server,
        _ in
        let engine = try await Engine.connected(server)
        let peer = try CPeer(server)
        return [
            Ticker(name: "nothing else", reference: .plain, engine: engine) {},
            Ticker(name: "", reference: nil, engine: engine) { _ = try await engine.query("SELECT pg_sleep(0.005)") },
            Ticker(name: "warm queries", reference: nil, engine: engine) { try await engine.warmQuery(1) },
            Ticker(name: "C that blocks the thread", reference: nil, engine: engine) {
                try peer.execute("DO $$ BEGIN PERFORM pg_sleep(0.005); END $$")
                // It never suspends, so without this the other would not run at all.
                await Task.yield()
            },
        ]
    }
}

private struct Ticker: Contestant {
    let name: String
    let reference: Reference?
    let engine: Engine
    /// What the other task does again and again.
    let work: @Sendable () async throws -> Void

    func run(_ calls: Int, into samples: inout Samples) async throws {
        let thread = OneThread()
        let isOver = Flag()
        let ticks = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            group.addTask(executorPreference: thread) { try await Self.ticks(calls, then: isOver) }
            if reference == nil {
                group.addTask(executorPreference: thread) {
                    while !isOver.isSet { try await work() }
                    return []
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for tick in ticks { samples.append(tick) }
    }

    private static func ticks(_ count: Int, then isOver: Flag) async throws -> [UInt64] {
        defer { isOver.set() }
        var late: [UInt64] = []
        let sleep: UInt64 = 500_000
        for _ in 0..<count {
            let start = bench_now()
            try await Task.sleep(nanoseconds: sleep)
            late.append(max(bench_now() - start, sleep) - sleep)
        }
        return late
    }

    func close() async { await engine.dispose() }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// Runs tasks one at a time, as the only thread of a function with one CPU does.
private final class OneThread: TaskExecutor {
    private let queue = DispatchQueue(label: "one thread")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
