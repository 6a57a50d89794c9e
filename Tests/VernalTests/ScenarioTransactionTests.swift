import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

private struct Ended: Error {}

/// An engine whose session has a temporary table `given (n int8)`.
private func withTable(_ body: (Engine) async throws -> Void) async throws {
    try await withEngine {
        $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
    } _: { engine in
        try await engine.execute("CREATE TEMPORARY TABLE given (n int8 UNIQUE DEFERRABLE INITIALLY IMMEDIATE)")
        try await body(engine)
        #expect(engine.isAtRest)
        #expect(engine.statistics.connects == 1)
    }
}

extension Engine {
    fileprivate func given() async throws -> [Int] {
        try await query("SELECT n FROM given ORDER BY n").decode(Int.self)
    }
}

extension `On a real server` {
    @Suite struct `A transaction` {
        @Test func `is committed when its closure returns`() async throws {
            try await withTable { engine in
                let answer = try await engine.withTransaction { connection in
                    let isOpen = connection.isInTransaction
                    #expect(isOpen)
                    return try await connection.execute("INSERT INTO given VALUES (1), (2)")
                }
                #expect(answer == 2)
                #expect(try await engine.given() == [1, 2])
            }
        }

        @Test func `is rolled back when its closure throws, and the error comes out as it is`() async throws {
            try await withTable { engine in
                await #expect(throws: Ended.self) {
                    try await engine.withTransaction { connection in
                        try await connection.execute("INSERT INTO given VALUES (1)")
                        throw Ended()
                    }
                }
                let rows = try await engine.given()
                #expect(rows.isEmpty)
            }
        }

        @Test func `within a transaction is rolled back alone`() async throws {
            try await withTable { engine in
                try await engine.withTransaction { connection in
                    try await connection.execute("INSERT INTO given VALUES (1)")
                    for number in 2...4 {
                        do {
                            try await connection.withTransaction { connection in
                                try await connection.execute("INSERT INTO given VALUES (\(number))")
                                _ = try await connection.withTransaction { connection in
                                    try await connection.execute("INSERT INTO given VALUES (\(number * 10))")
                                }
                                if number == 3 { throw Ended() }
                            }
                        } catch is Ended {}
                    }
                }
                #expect(try await engine.given() == [1, 2, 4, 20, 40])
            }
        }

        @Test func `within a transaction survives a statement that fails`() async throws {
            try await withTable { engine in
                try await engine.withTransaction { connection in
                    try await connection.execute("INSERT INTO given VALUES (1)")
                    do {
                        _ = try await connection.withTransaction { connection in
                            try await connection.execute("INSERT INTO given VALUES (1)")
                        }
                        Issue.record("the same key was accepted twice")
                    } catch let error as VernalError {
                        #expect(error.sqlState == .uniqueViolation)
                    }
                    try await connection.execute("INSERT INTO given VALUES (2)")
                }
                #expect(try await engine.given() == [1, 2])
            }
        }

        @Test func `whose failed statement was swallowed is an error, and commits nothing`() async throws {
            try await withTable { engine in
                let error = try await #require(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.execute("INSERT INTO given VALUES (1)")
                        _ = try? await connection.execute("INSERT INTO given VALUES (1)")
                    }
                }
                #expect(error.code == .transactionAborted)
                #expect(!error.isRetryable)
                let rows = try await engine.given()
                #expect(rows.isEmpty)
            }
        }

        @Test
        func `within a transaction, whose failed statement was swallowed, is an error, and the outer one goes on`()
            async throws
        {
            try await withTable { engine in
                try await engine.withTransaction { connection in
                    try await connection.execute("INSERT INTO given VALUES (1)")
                    do {
                        try await connection.withTransaction { connection in
                            try await connection.execute("INSERT INTO given VALUES (2)")
                            _ = try? await connection.execute("INSERT INTO given VALUES (1)")
                        }
                        Issue.record("the savepoint was released")
                    } catch let error as VernalError {
                        #expect(error.code == .transactionAborted)
                    }
                    try await connection.execute("INSERT INTO given VALUES (3)")
                }
                #expect(try await engine.given() == [1, 3])
            }
        }

        @Test func `with a constraint that fails at the commit tells the server's error`() async throws {
            try await withTable { engine in
                let error = try await #require(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.execute("SET CONSTRAINTS ALL DEFERRED")
                        try await connection.execute("INSERT INTO given VALUES (1), (1)")
                    }
                }
                #expect(error.code == .server)
                #expect(error.sqlState == .uniqueViolation)
                let rows = try await engine.given()
                #expect(rows.isEmpty)
            }
        }

        @Test func `that its closure has ended itself is not ended again`() async throws {
            try await withTable { engine in
                try await engine.withTransaction { connection in
                    try await connection.execute("INSERT INTO given VALUES (1)")
                    try await connection.execute("COMMIT")
                }
                #expect(try await engine.given() == [1])
            }
        }

        @Test func `is opened as its options say`() async throws {
            try await withEngine { engine in
                let options = TransactionOptions(isolation: .serializable, isReadOnly: true, isDeferrable: true)
                let seen = try await engine.withTransaction(options) { connection in
                    try await connection.query(
                        """
                        SELECT concat_ws(',', current_setting('transaction_isolation'), current_setting('transaction_read_only'),
                            current_setting('transaction_deferrable'))
                        """
                    ).value(as: String.self)
                }
                #expect(seen == "serializable,on,on")
                let error = try await #require(throws: VernalError.self) {
                    try await engine.withTransaction(TransactionOptions(isReadOnly: true)) { connection in
                        try await connection.execute("CREATE TABLE forbidden (n int)")
                    }
                }
                #expect(error.sqlState == .readOnlyTransaction)
                let level = try await engine.withTransaction(TransactionOptions(isolation: .repeatableRead)) {
                    connection in
                    try await connection.query("SELECT current_setting('transaction_isolation')").value(as: String.self)
                }
                #expect(level == "repeatable read")
            }
        }

        @Test func `within a transaction takes no options`() async throws {
            try await withEngine { engine in
                let error = try await #require(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.withTransaction(TransactionOptions(isReadOnly: true)) { _ in }
                    }
                }
                #expect(error.code == .misuse)
                #expect(engine.isAtRest)
            }
        }

        @Test(arguments: [FaultProxy.Reaction.forwardThenClose, .close, .reset])
        func `whose connection drops at the commit has an unknown outcome, and says so`(
            reaction: FaultProxy.Reaction
        ) async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    proxy.when(clientSends: "COMMIT", reaction)
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withTransaction { connection in
                            try await connection.execute("SELECT 1")
                        }
                    }
                    #expect(error.code == .unknownCommitOutcome)
                    #expect(error.statementWasSent)
                    #expect(!error.isRetryable)
                    #expect(error.description.contains("may or may not"))
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 1)
                }
            }
        }

        @Test func `whose server is ended at the commit has an unknown outcome, and is not called retryable`()
            async throws
        {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    proxy.when(
                        clientSends: "COMMIT",
                        .answerThenClose(
                            ServerSays.error("57P01", "terminating connection due to administrator command")
                        )
                    )
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                    }
                    #expect(error.code == .unknownCommitOutcome)
                    #expect(error.sqlState == .adminShutdown)
                    #expect(!error.isRetryable)
                }
            }
        }

        @Test func `whose commit gets no answer before the deadline has an unknown outcome`() async throws {
            try await FaultProxy.run { proxy in
                try await using(
                    try proxy.engine {
                        $0.cancelTimeout = .milliseconds(50); $0.invocationMargin = .zero
                    }
                ) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.when(clientSends: "COMMIT", .forwardThenDrop)
                    let deadline = InvocationDeadline(.now + .milliseconds(300))
                    let error = try await #require(throws: VernalError.self) {
                        try await InvocationDeadline.$bound.withValue(deadline) {
                            try await engine.withTransaction { connection in try await connection.execute("SELECT 1") }
                        }
                    }
                    #expect(error.code == .unknownCommitOutcome)
                }
            }
        }

        @Test func `whose deadline is over before the commit is rolled back`() async throws {
            try await withEngine {
                $0.invocationMargin = .zero
                $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
            } _: { engine in
                try await engine.execute("CREATE TEMPORARY TABLE late (n int)")
                let deadline = InvocationDeadline(.now + .milliseconds(150))
                let error = try await #require(throws: VernalError.self) {
                    try await InvocationDeadline.$bound.withValue(deadline) {
                        try await engine.withTransaction { connection in
                            try await connection.execute("INSERT INTO late VALUES (1)")
                            while Moment.now < deadline.moment { await Task.yield() }
                        }
                    }
                }
                #expect(error.code == .timedOut)
                #expect(try await engine.query("SELECT count(*) FROM late").value(as: Int.self) == 0)
                #expect(engine.statistics.connects == 1)
            }
        }
    }
}
