import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A cancellation` {
        // Scenario 61: what has been begun for the sake of the connection is done to its end.
        @Test func `in the middle of the clean-up does not stop the clean-up`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.rollbackTimeout = .seconds(10) }) { engine in
                    let backend = try await engine.backend()
                    let task = Task {
                        try await engine.withConnection { connection in
                            try await connection.execute("BEGIN")
                            proxy.mode = .hold
                        }
                    }
                    try await eventually("the closure is done") { proxy.mode == .hold }
                    // Long enough for the rollback to be on its way; if it is not, the test is easier to pass.
                    try await Task.sleep(for: .milliseconds(20))
                    task.cancel()
                    proxy.mode = .forward
                    try await task.value
                    #expect(engine.isAtRest)
                    #expect(try await engine.backend() == backend)
                    let isOpen = try await engine.withConnection { connection in connection.isInTransaction }
                    #expect(!isOpen)
                }
            }
        }

        // Scenario 63: a cancel request that comes late would hit the next statement of the next borrower.
        @Test func `of a statement is over before the next borrower's statement begins`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    let backend = try await engine.backend()
                    for round in 1...20 {
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.query("SELECT pg_sleep(30)", timeout: .milliseconds(5))
                        }
                        #expect(error.code == .timedOut)
                        for _ in 0..<3 { #expect(try await engine.backend() == backend) }
                        #expect(proxy.counts.cancelRequests == round)
                    }
                }
            }
        }

        // Scenario 64.
        @Test func `of the statement that opens a transaction leaves none open`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.cancelTimeout = .seconds(10) }) { engine in
                    try await engine.execute("SELECT 1")
                    for _ in 0..<10 {
                        proxy.mode = .hold
                        let task = Task {
                            try await engine.withTransaction { connection in
                                _ = try await connection.execute("SELECT 2")
                            }
                        }
                        try await eventually("it is lent") { engine.statistics.active == 1 }
                        try await Task.sleep(for: .milliseconds(5))
                        task.cancel()
                        proxy.mode = .forward
                        // The answer may be there before the cancellation is: then it was opened, and ended.
                        if case .failure(let error) = await task.result {
                            #expect((error as? VernalError)?.code == .cancelled)
                        }
                        let isOpen = try await engine.withConnection { connection in connection.isInTransaction }
                        #expect(!isOpen)
                        try await engine.execute("SELECT 1")
                        #expect(engine.isAtRest)
                    }
                }
            }
        }

        // Scenario 65.
        @Test func `that the server does not hear of costs the connection and no more`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.cancelTimeout = .milliseconds(50) }) { engine in
                    let backend = try await engine.backend()
                    proxy.mode = .drop
                    let task = Task {
                        try await engine.withConnection { connection in
                            do {
                                try await connection.execute("SELECT 1")
                            } catch {
                                // Swallowed, as a careless caller does: the pool sees for itself.
                            }
                        }
                    }
                    try await eventually("it is lent") { engine.statistics.active == 1 }
                    task.cancel()
                    let took = try await time { try await task.value }
                    #expect(took < .seconds(1))
                    #expect(engine.statistics.open == 0)
                    #expect(engine.statistics.losses == 1)
                    proxy.mode = .forward
                    #expect(try await engine.backend() != backend)
                }
            }
        }
    }

    @Suite struct `A transaction that cannot be opened` {
        // Scenario 94.
        @Test(arguments: [FaultProxy.Reaction.close, .reset, .forwardThenClose, .discard])
        func `costs its connection when that was lost over it, and its closure is not run`(
            reaction: FaultProxy.Reaction
        ) async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.cancelTimeout = .milliseconds(20)
                        $0.invocationMargin = .milliseconds(100)
                    }
                ) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.when(clientSends: "BEGIN", reaction)
                    let error = try await #require(throws: VernalError.self) {
                        try await within(.milliseconds(300)) {
                            try await engine.withTransaction { _ in Issue.record("it was begun") }
                        }
                    }
                    #expect([.connectionLost, .timedOut].contains(error.code))
                    #expect(engine.statistics.open == 0)
                    try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                    #expect(engine.isAtRest)
                }
            }
        }
    }
}
