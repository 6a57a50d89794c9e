import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `Giving a connection back` {
        // Scenario 62.
        @Test func `eight tasks that are cancelled in the middle of an acquire leave no slot behind`() async throws {
            try await withEngine({ $0.poolSize = 4 }) { engine in
                for round in 0..<25 {
                    let tasks = (0..<8).map { number in
                        Task {
                            try await engine.withConnection(acquireTimeout: .milliseconds(1 + number * round % 40)) {
                                connection in
                                try await connection.execute("SELECT pg_sleep(0.001)")
                            }
                        }
                    }
                    for task in tasks {
                        await Task.yield()
                        task.cancel()
                    }
                    for task in tasks { _ = await task.result }
                    #expect(engine.statistics.active == 0)
                    #expect(engine.statistics.waiting == 0)
                    #expect(engine.statistics.open <= 4)
                }
                let lent = try await engine.leasableConnections()
                #expect(lent == 4)
            }
        }

        // Scenario 66.
        @Test func `after the backend was ended the next query runs on a fresh connection without an error`()
            async throws
        {
            let admin = try testEngine()
            try await withEngine({ $0.pingBypass = .zero }) { engine in
                for round in 1...3 {
                    let backend = try await engine.backend()
                    try await admin.terminate(backend: backend)
                    #expect(try await engine.backend() != backend)
                    #expect(engine.statistics.losses == round)
                    #expect(engine.statistics.connects == round + 1)
                }
            }
            await admin.dispose()
        }

        @Test
        func `within the bypass window a dead connection gives an error or is replaced, and the next query works`()
            async throws
        {
            let admin = try testEngine()
            try await withEngine({ $0.pingBypass = .seconds(10) }) { engine in
                let backend = try await engine.backend()
                try await admin.terminate(backend: backend)
                do {
                    _ = try await engine.query("SELECT 1")
                } catch let error as VernalError {
                    #expect(error.code == .connectionLost)
                    #expect(error.sqlState == .adminShutdown)
                }
                #expect(try await engine.backend() != backend)
            }
            await admin.dispose()
        }

        // Scenario 75.
        @Test func `a connection that broke while it was lent is closed when it comes back`() async throws {
            let admin = try testEngine()
            try await withEngine { engine in
                let error = try await #require(throws: VernalError.self) {
                    try await engine.withConnection { connection in
                        try await admin.terminate(backend: connection.backendPID)
                        try await connection.execute("SELECT 1")
                    }
                }
                #expect(error.code == .connectionLost)
                #expect(error.sqlState == .adminShutdown)
                #expect(engine.statistics.open == 0)
                #expect(engine.statistics.losses == 1)
                #expect(try await engine.leasableConnections() == 1)
            }
            await admin.dispose()
        }

        @Test func `a lost connection that the closure does not tell of is closed as well`() async throws {
            let admin = try testEngine()
            try await withEngine { engine in
                try await engine.withConnection { connection in
                    try await admin.terminate(backend: connection.backendPID)
                    _ = try? await connection.execute("SELECT 1")
                }
                #expect(engine.statistics.open == 0)
            }
            await admin.dispose()
        }

        // Scenario 90.
        @Test func `a transaction that was left open is rolled back, and the connection is kept`() async throws {
            try await withEngine { engine in
                let backend = try await engine.withConnection { connection in
                    try await connection.execute("BEGIN")
                    try await connection.execute("CREATE TABLE left_open (id int)")
                    let isOpen = connection.isInTransaction
                    #expect(isOpen)
                    return connection.backendPID
                }
                try await engine.withConnection { connection in
                    let (isOpen, sameBackend) = (connection.isInTransaction, connection.backendPID == backend)
                    #expect(!isOpen)
                    #expect(sameBackend)
                }
                #expect(try await engine.query("SELECT to_regclass('left_open') IS NULL").value(as: Bool.self))
            }
        }

        // Scenario 91.
        @Test func `a failed transaction is rolled back, and the connection is kept`() async throws {
            try await withEngine { engine in
                let backend = try await engine.withConnection { connection in
                    try await connection.execute("BEGIN")
                    do { try await connection.execute("SELECT 1 / \(0)") } catch {}
                    let isOpen = connection.isInTransaction
                    #expect(isOpen)
                    return connection.backendPID
                }
                #expect(try await engine.backend() == backend)
                #expect(engine.statistics.losses == 0)
            }
        }

        // Scenario 93, and 60: the rollback is bounded, and a cancellation does not spare it.
        @Test func `a rollback that gets no answer ends with the connection closed`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.rollbackTimeout = .milliseconds(100); $0.cancelTimeout = .milliseconds(100)
                    }
                ) { engine in
                    let took = try await time {
                        try await engine.withConnection { connection in
                            try await connection.execute("BEGIN")
                            proxy.mode = .drop
                        }
                    }
                    #expect(took < .seconds(2))
                    #expect(engine.statistics.open == 0)
                    #expect(engine.statistics.losses == 1)
                    proxy.mode = .forward
                    #expect(try await engine.leasableConnections() == 1)
                }
            }
        }

        // Scenario 60.
        @Test func `a cancelled task still has its transaction rolled back`() async throws {
            try await withEngine { engine in
                let isOpen = Gate()
                let isCancelled = Gate()
                let task = Task {
                    try await engine.withConnection { connection in
                        try await connection.execute("BEGIN")
                        isOpen.open()
                        await isCancelled.pass()
                        return connection.backendPID
                    }
                }
                await isOpen.pass()
                task.cancel()
                isCancelled.open()
                let backend = try await task.value
                #expect(try await engine.backend() == backend)
                let isStillOpen = try await engine.withConnection { connection in connection.isInTransaction }
                #expect(!isStillOpen)
            }
        }

        // Scenario 92.
        @Test(arguments: ["COPY (SELECT generate_series(1, 100000)) TO STDOUT", "COPY pg_temp.given FROM STDIN"])
        func `a copy that was begun through query is an error that costs no connection`(
            statement: String
        ) async throws {
            try await withEngine { engine in
                let backend = try await engine.withConnection { connection in
                    try await connection.execute("CREATE TEMPORARY TABLE given (id int)")
                    do {
                        try await connection.execute(SQLQuery(unsafeRaw: statement))
                        Issue.record("the copy was accepted")
                    } catch let error as VernalError {
                        #expect(error.code == .misuse)
                        #expect(error.message.contains("COPY"))
                    }
                    try await connection.execute("SELECT 1", timeout: .seconds(2))
                    return connection.backendPID
                }
                #expect(engine.statistics.idle == 1)
                #expect(try await engine.backend() == backend)
            }
        }

        @Test func `a statement with a mistake leaves its connection in the pool`() async throws {
            try await withEngine { engine in
                let backend = try await engine.backend()
                for _ in 0..<5 {
                    let error = try await #require(throws: VernalError.self) { try await engine.query("SELEC 1") }
                    #expect(error.code == .server)
                    #expect(error.sqlState == .syntaxError)
                    #expect(error.position == 1)
                }
                #expect(try await engine.backend() == backend)
                #expect(engine.statistics.connects == 1)
            }
        }
    }
}
