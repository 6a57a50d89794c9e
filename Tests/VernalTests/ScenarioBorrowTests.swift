import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `Borrowing a connection` {
        // Scenario 5.
        @Test func `an engine for a server that is not there can be made, and the acquire fails`() async throws {
            let port = try await DeadEnds.closedPort()
            let engine = try testEngine { $0[connectionParameter: "port"] = String(port) }
            #expect(engine.statistics.connects == 0)
            let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
            #expect(error.code == .connectFailed)
            #expect(engine.isAtRest)
            await engine.dispose()
        }

        // Scenario 6.
        @Test func `a connect that fails gives the cause at once and not a time-out`() async throws {
            let port = try await DeadEnds.closedPort()
            let engine = try testEngine { $0[connectionParameter: "port"] = String(port) }
            let took = try await time {
                let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                #expect(error.description.contains("refused"))
                #expect(error.wait == .connect)
                #expect(error.isRetryable)
            }
            #expect(took < .seconds(2))
            await engine.dispose()
        }

        // Scenario 14.
        @Test func `a connection that came back is the one that is lent next`() async throws {
            try await withEngine { engine in
                var backends: Set<Int> = []
                for _ in 0..<20 {
                    backends.insert(try await engine.withConnection { connection in connection.backendPID })
                    #expect(engine.statistics.idle == 1)
                }
                #expect(backends.count == 1)
                #expect(engine.statistics.connects == 1)
            }
        }

        // Scenario 15.
        @Test(arguments: [1, 8])
        func `however many tasks there are, no more connections are open than the pool may have`(size: Int) async throws
        {
            try await withEngine({
                $0.poolSize = size; $0.maxWaiters = 64
            }) { engine in
                let inUse = Peak()
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<64 {
                        group.addTask {
                            try await engine.withConnection { connection in
                                inUse.enter()
                                defer { inUse.leave() }
                                #expect(engine.statistics.open <= size)
                                return try await connection.query("SELECT \(number)").value(as: Int.self)
                            }
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 63 * 32)
                #expect(inUse.most <= size)
                #expect(engine.statistics.connects <= size)
                #expect(engine.isAtRest)
            }
        }

        // Scenario 16.
        @Test func `a pool of one runs strictly one statement at a time`() async throws {
            try await withEngine { engine in
                let inUse = Peak()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            try await engine.withConnection { connection in
                                inUse.enter()
                                try await connection.execute("SELECT pg_sleep(0.002)")
                                inUse.leave()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(inUse.most == 1)
                #expect(engine.statistics.connects == 1)
            }
        }

        // Scenario 17.
        @Test func `connections beyond the pool's size are closed when they come back`() async throws {
            try await withEngine({
                $0.poolSize = 1; $0.maxOverflow = 2
            }) { engine in
                let gate = Gate()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 {
                        group.addTask { try await engine.withConnection { _ in await gate.pass() } }
                    }
                    try await eventually("three connections are in use") { engine.statistics.active == 3 }
                    gate.open()
                    try await group.waitForAll()
                }
                #expect(engine.statistics.open == 1)
                #expect(engine.isAtRest)
            }
        }

        // Scenario 18.
        @Test func `a failed connect beyond the pool's size gives its place back`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.poolSize = 1; $0.maxOverflow = 1
                    }
                ) { engine in
                    try await engine.withConnection { _ in
                        for _ in 0..<3 {
                            proxy.mode = .closeAtOnce
                            let error = try await #require(throws: VernalError.self) {
                                try await engine.query("SELECT 1")
                            }
                            #expect(error.code == .connectFailed)
                            #expect(engine.statistics.open == 1)
                        }
                        proxy.mode = .forward
                        try await engine.execute("SELECT 1")
                    }
                    #expect(engine.isAtRest)
                }
            }
        }

        // Scenarios 25 and 26, returning twice and using after the return, are mistakes that do not compile: the closure is
        // lent the connection as `inout`, the type cannot be copied, and there is no function that returns it. Tried with
        // Swift 6.3.1: to keep it (`kept = consume connection`) is "missing reinitialization of inout parameter"; to hand
        // it to a task is "escaping closure captures 'inout' parameter"; and two `async let` on it are refused as well. What is
        // left to test is that it is given back once however the closure ends.
        @Test func `a connection goes back exactly once however its closure ends`() async throws {
            struct Ended: Error {}
            try await withEngine { engine in
                try await engine.withConnection { _ in }
                #expect(engine.statistics.idle == 1)
                await #expect(throws: Ended.self) { try await engine.withConnection { _ in throw Ended() } }
                #expect(engine.statistics.idle == 1)
                let early: Int = try await engine.withConnection { connection in
                    if connection.isEncrypted { return 1 }
                    return 2
                }
                #expect(early > 0)
                #expect(engine.statistics.idle == 1)
                #expect(engine.statistics.open == 1)
            }
        }

        // Scenario 31.
        @Test func `a closure that throws gives the connection back, and it is used again`() async throws {
            struct Ended: Error {}
            try await withEngine { engine in
                let before = try await engine.backend()
                for _ in 0..<10 {
                    await #expect(throws: Ended.self) {
                        try await engine.withConnection { connection in
                            try await connection.execute("SELECT 1")
                            throw Ended()
                        }
                    }
                }
                #expect(try await engine.backend() == before)
                #expect(engine.statistics.connects == 1)
            }
        }

        // 176
        @Test func `a lease within a lease on a pool of one is an error at once, which names both places`() async throws
        {
            try await withEngine { engine in
                try await engine.withConnection { _ in
                    let outer = #line - 1
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withConnection(acquireTimeout: .seconds(60)) { _ in }
                    }
                    let inner = #line - 3
                    #expect(error.code == .misuse)
                    #expect(error.message.contains("ScenarioBorrowTests.swift:\(outer)"))
                    #expect(error.message.contains("ScenarioBorrowTests.swift:\(inner)"))
                }
                try await engine.execute("SELECT 1")
                #expect(engine.isAtRest)
            }
        }

        @Test func `a lease within a lease is served when there is another connection`() async throws {
            try await withEngine {
                $0.poolSize = 2
            } _: { engine in
                let (outer, inner) = try await engine.withConnection { outer in
                    let inner = try await engine.withConnection { $0.backendPID }
                    return (outer.backendPID, inner)
                }
                #expect(outer != inner)
            }
        }

        @Test func `another task may wait for the connection that this one holds`() async throws {
            try await withEngine { engine in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await engine.withConnection { _ in
                        group.addTask { try await engine.execute("SELECT 1") }
                        try await eventually("the other waits") { engine.status.waiting == 1 }
                    }
                    try await group.waitForAll()
                }
            }
        }

        @Test func `who runs out of time is told who has the connection`() async throws {
            try await withEngine { engine in
                try await engine.withConnection { _ in
                    let line = #line - 1
                    let error = await Task.detached {
                        await #expect(throws: VernalError.self) {
                            try await engine.withConnection(acquireTimeout: .milliseconds(50)) { _ in }
                        }
                    }.value
                    #expect(error?.code == .poolExhausted)
                    #expect(error?.message.contains("held by VernalTests/ScenarioBorrowTests.swift:\(line)") == true)
                }
            }
        }
    }
}
