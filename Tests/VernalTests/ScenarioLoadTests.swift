import Foundation
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `Very many tasks` {
        // Scenario 41.
        @Test(.timeLimit(.minutes(3)))
        func `that are 25,000 wait for three connections, and all are served`() async throws {
            try await withEngine({
                $0.poolSize = 3
                $0.maxWaiters = 25_000
                $0.acquireTimeout = .seconds(150)
            }) { engine in
                _ = try await backendsAtOnce(engine, 3)
                let letGo = Gate()
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            try await engine.withConnection { _ in
                                await letGo.pass()
                                return 0
                            }
                        }
                    }
                    try await eventually("all are in use") { engine.statistics.active == 3 }
                    for number in 1...25_000 {
                        group.addTask { try await engine.query("SELECT \(number)").value(as: Int.self) }
                    }
                    try await eventually("all wait", within: .seconds(60)) { engine.statistics.waiting == 25_000 }
                    letGo.open()
                    return try await group.reduce(0, +)
                }
                #expect(sum == 25_000 * 25_001 / 2)
                #expect(engine.statistics.connects == 3)
                #expect(engine.statistics.waits == 25_000)
                #expect(engine.isAtRest)
            }
        }

        // Scenario 15.
        @Test(.timeLimit(.minutes(3)))
        func `that are 10,000 never hold more than eight connections between them`() async throws {
            try await withEngine { admin in
                let name = "ten_thousand_\(UInt32.random(in: 0...UInt32.max))"
                try await withEngine({
                    $0.poolSize = 8
                    $0.maxWaiters = 10_000
                    $0.acquireTimeout = .seconds(150)
                    $0[connectionParameter: "application_name"] = name
                }) { engine in
                    let inUse = Peak()
                    let atServer = Shared(0)
                    let isDone = Shared(false)
                    let watcher = Task {
                        while !isDone.value {
                            let now = try await admin.query(
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name)"
                            ).value(as: Int.self)
                            atServer.change { $0 = max($0, now) }
                        }
                    }
                    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                        for number in 1...10_000 {
                            group.addTask {
                                try await engine.withConnection { connection in
                                    inUse.enter()
                                    defer { inUse.leave() }
                                    return try await connection.query("SELECT \(number)").value(as: Int.self)
                                }
                            }
                        }
                        return try await group.reduce(0, +)
                    }
                    isDone.change { $0 = true }
                    try await watcher.value
                    #expect(sum == 10_000 * 10_001 / 2)
                    #expect(inUse.most <= 8)
                    #expect(atServer.value <= 8)
                    #expect(engine.statistics.connects <= 8)
                    #expect(engine.isAtRest)
                }
            }
        }

        // Scenario 53.
        @Test func `leave a pool behind that is no larger than it may be and serves the next one at once`() async throws
        {
            try await withEngine({
                $0.poolSize = 5
                $0.maxWaiters = 64
            }) { engine in
                for _ in 0..<3 {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<50 { group.addTask { _ = try await engine.query("SELECT pg_sleep(0.002)") } }
                        while try await group.next() != nil { #expect(engine.statistics.open <= 5) }
                    }
                    #expect(engine.isAtRest)
                    let took = try await time { try await engine.execute("SELECT 1") }
                    #expect(took < .milliseconds(100))
                }
                #expect(engine.statistics.connects <= 5)
            }
        }

        // Scenario 23.
        @Test func `or one that asks 1,000 times in a row use one connection`() async throws {
            try await withEngine { engine in
                for number in 0..<1000 {
                    let answer = try await engine.query("SELECT \(number)").value(as: Int.self)
                    #expect(answer == number)
                }
                #expect(engine.statistics.connects == 1)
                #expect(engine.statistics.acquires == 1000)
                #expect(engine.statistics.waits == 0)
            }
        }
    }
}
