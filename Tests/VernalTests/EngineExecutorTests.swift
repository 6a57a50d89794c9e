import Synchronization
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `The engine's own executor` {
        @Test func `serves tasks in the order in which they asked`() async throws {
            try await withEngine {
                $0.maxWaiters = 100
            } _: { engine in
                let order = Order()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let gate = Gate()
                    group.addTask { try await engine.withConnection { _ in await gate.pass() } }
                    try await eventually("the connection is lent") { engine.status.active == 1 }
                    for number in 0..<20 {
                        group.addTask(executorPreference: Engine.executor) {
                            try await engine.withConnection { connection in
                                order.add(number)
                                _ = try await connection.query("SELECT 1")
                            }
                        }
                        try await eventually("it waits") { engine.status.waiting == number + 1 }
                    }
                    gate.open()
                    try await group.waitForAll()
                }
                #expect(order.numbers == Array(0..<20))
            }
        }

        @Test func `lets other tasks run while one waits for a server`() async throws {
            try await withEngine { engine in
                async let slow = run { try await engine.query("SELECT pg_sleep(0.5)").count }
                try await eventually("the statement runs") { engine.status.active == 1 }
                let began = ContinuousClock.now
                // From another thread: it has to wake the thread, which waits for the server.
                let answer = try await run { 42 }
                #expect(answer == 42)
                #expect(engine.status.active == 1, "it came after \(ContinuousClock.now - began)")
                #expect(try await slow == 1)
            }
        }

        @Test func `runs many conversations at the same time`() async throws {
            try await withEngine {
                $0.poolSize = 10
            } _: { engine in
                let began = ContinuousClock.now
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<10 {
                        group.addTask(executorPreference: Engine.executor) {
                            try await engine.query("SELECT \(number)::int8 FROM pg_sleep(1)").value(as: Int.self)
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 45)
                #expect(ContinuousClock.now - began < .seconds(8), "one after the other they take 10 s")
            }
        }

        @Test func `keeps a deadline and a cancellation`() async throws {
            try await withEngine { engine in
                let late = await #expect(throws: VernalError.self) {
                    try await run { try await engine.query("SELECT pg_sleep(60)", timeout: .milliseconds(100)).count }
                }
                #expect(late?.code == .timedOut)
                let task = Task(executorPreference: Engine.executor) {
                    try await engine.query("SELECT pg_sleep(60)").count
                }
                try await eventually("the statement runs") { engine.status.active == 1 }
                task.cancel()
                let cancelled = await #expect(throws: VernalError.self) { try await task.value }
                #expect(cancelled?.code == .cancelled)
                #expect(try await engine.query("SELECT 1").count == 1)
            }
        }

        @Test func `gives up waiting for a connection in time`() async throws {
            try await withEngine { engine in
                try await engine.withConnection { _ in
                    let error = await #expect(throws: VernalError.self) {
                        try await run {
                            try await engine.withConnection(acquireTimeout: .milliseconds(50)) { _ in 0 }
                        }
                    }
                    #expect(error?.code == .poolExhausted)
                }
            }
        }
    }
}

/// Who came when.
private final class Order: Sendable {
    private let list = Mutex<[Int]>([])

    var numbers: [Int] { list.withLock(\.self) }

    func add(_ number: Int) { list.withLock { $0.append(number) } }
}

/// Runs something on the engine's executor, in a task of its own.
private func run(_ body: @escaping @Sendable () async throws -> Int) async throws -> Int {
    try await Task(executorPreference: Engine.executor) { try await body() }.value
}
