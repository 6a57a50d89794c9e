import Foundation
import Testing
import Vernal
import VernalTestKit

/// Work and mischief for some seconds: `VERNAL_SOAK` says how many.
private let soakTime: Duration = .seconds(
    ProcessInfo.processInfo.environment["VERNAL_SOAK"].flatMap { Double($0) } ?? 10
)

/// How the work of all tasks ended.
private struct Tally: Sendable {
    var done = 0
    /// Inserts that were committed, and those of which nobody knows.
    var committed = 0
    var inDoubt = 0
    var failures: [String: Int] = [:]

    mutating func note(_ error: any Error) {
        failures[(error as? VernalError)?.code.description ?? "\(error)", default: 0] += 1
    }
}

/// Everything that a task of the soak needs.
private struct Soak: Sendable {
    static let poolSize = 4
    /// What may end a call in bad weather.
    ///
    /// Anything else is a mistake of the pool.
    static let excuses: Set<String> = [
        "connectionLost", "connectFailed", "timedOut", "cancelled", "unknownCommitOutcome", "poolExhausted",
    ]

    let engine: Engine
    let admin: Engine
    let proxy: FaultProxy
    let name: String
    let table: SQLQuery
    let tally = Shared(Tally())
    let end = ContinuousClock.now + soakTime

    var isOver: Bool { ContinuousClock.now >= end }

    /// One task: its numbers are its own, so a row that belongs to somebody else is seen.
    func work(_ worker: Int) async {
        var random = SeededGenerator(seed: UInt64(worker))
        var number = worker * 10_000_000
        while !isOver {
            number += 1
            let turn = Int.random(in: 0..<100, using: &random)
            do {
                switch turn {
                case 0..<60: try await ask(number)
                case 60..<85: try await insert(number)
                // A backend whose client has gone, and whose cancel was cut off, sleeps to its end: that is not to be long.
                case 85..<95: _ = try await engine.query("SELECT pg_sleep(0.2)", timeout: .milliseconds(turn % 7))
                default: try await changeYourMind(number, after: .microseconds(turn * 20))
                }
                tally.change { $0.done += 1 }
            } catch {
                tally.change { $0.note(error) }
            }
        }
    }

    private func ask(_ number: Int) async throws {
        let rows = try await engine.query("SELECT n, \(number) - n FROM generate_series(1, 5) AS n")
        let sums = try rows.decode((Int, Int).self).map { $0 + $1 }
        #expect(sums == Array(repeating: number, count: 5), "a wrong row")
    }

    private func insert(_ number: Int) async throws {
        do {
            try await engine.withTransaction { connection in
                try await connection.execute("INSERT INTO \(table) VALUES (\(number))")
            }
            tally.change { $0.committed += 1 }
        } catch let error as VernalError where error.code == .unknownCommitOutcome {
            tally.change { $0.inDoubt += 1 }
            throw error
        }
    }

    private func changeYourMind(_ number: Int, after time: Duration) async throws {
        let task = Task { try await ask(number) }
        try await Task.sleep(for: time)
        task.cancel()
        try await task.value
    }

    /// Ends backends at the server and connections on the way.
    func mischief() async throws {
        var random = SeededGenerator(seed: 1)
        while !isOver {
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...80, using: &random)))
            switch Int.random(in: 0..<6, using: &random) {
            case 0..<3:
                try await admin.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = \(name) ORDER BY random() LIMIT 1
                    """
                )
            case 3: await proxy.closeAll()
            case 4: await proxy.resetAll()
            default:
                proxy.mode = .stallAfter(serverBytes: Int.random(in: 0...2000, using: &random))
                try await Task.sleep(for: .milliseconds(50))
                proxy.mode = .forward
                // What was cut in the middle of an answer would hang until its time is over.
                await proxy.closeAll()
            }
        }
    }

    /// Watches the limit, at the pool and at the server.
    ///
    /// A backend whose client has gone takes a moment to notice that, so more than the limit is only wrong if it lasts.
    func watch() async throws {
        while !isOver {
            #expect(engine.statistics.open <= Self.poolSize)
            if try await atServer() > Self.poolSize {
                try await eventually("no more than \(Self.poolSize) at the server", within: .seconds(1)) {
                    try await atServer() <= Self.poolSize
                }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func atServer() async throws -> Int {
        try await admin.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name)")
            .value(as: Int.self)
    }
}

extension `On a real server` {
    @Suite struct `In bad weather` {
        // Scenarios 15 and 162.
        @Test(.timeLimit(.minutes(15)))
        func `no acquire is lost, no row is wrong, and the limit is kept`() async throws {
            try await withEngine { admin in
                let name = "soak_\(UInt32.random(in: 0...UInt32.max))"
                let table: SQLQuery = "\(identifier: name)"
                try await admin.execute("CREATE TABLE \(table) (n int8 PRIMARY KEY)")
                try await FaultProxy.run { proxy in
                    let engine = try proxy.engine {
                        $0.poolSize = Soak.poolSize
                        $0.cancelTimeout = .milliseconds(200)
                        $0.connectTimeout = .seconds(1)
                        $0[connectionParameter: "application_name"] = name
                    }
                    try await using(engine) { engine in
                        try await run(
                            Soak(engine: engine, admin: admin, proxy: proxy, name: name, table: table)
                        )
                    }
                }
                try await admin.execute("DROP TABLE \(table)")
            }
        }

        private func run(_ soak: Soak) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 1...12 { group.addTask { await soak.work(worker) } }
                group.addTask { try await soak.mischief() }
                group.addTask { try await soak.watch() }
                try await group.waitForAll()
            }
            // What was used a moment ago is lent without a look, so the last mischief may be met by the first who comes.
            try await Task.sleep(for: .milliseconds(600))
            let tally = soak.tally.value
            print("soak: \(tally)")
            #expect(tally.done > 50)
            #expect(Set(tally.failures.keys).subtracting(Soak.excuses) == [])
            #expect(soak.engine.isAtRest)
            let lent = try await soak.engine.leasableConnections()
            #expect(lent == Soak.poolSize)
            let rows = try await soak.admin.query("SELECT count(*) FROM \(soak.table)").value(as: Int.self)
            #expect(rows >= tally.committed)
            #expect(rows <= tally.committed + tally.inDoubt)
        }
    }
}
