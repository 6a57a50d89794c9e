import EmbeddedPostgres
import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

private struct Ended: Error {}

/// An engine that knows that nothing is in between, whose session has a temporary table `given (n int8 UNIQUE)`.
private func withTable(_ body: (Engine, FaultProxy) async throws -> Void) async throws {
    try await FaultProxy.run { proxy in
        try await using(
            proxy.engine {
                $0.upstream = .direct
                $0.invocationMargin = .zero
                $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
            }
        ) { engine in
            try await engine.execute("CREATE TEMPORARY TABLE given (n int8 UNIQUE)")
            try await body(engine, proxy)
            #expect(engine.isAtRest)
        }
    }
}

extension Engine {
    fileprivate func given() async throws -> [Int] {
        try await query("SELECT n FROM given ORDER BY n").decode(Int.self)
    }
}

extension `On a real server` {
    @Suite struct `The beginning of a transaction` {
        @Test func `goes along with the first statement, and so does what limits it`() async throws {
            try await withTable { engine, proxy in
                let before = proxy.counts.roundTrips
                let isLimited = try await within(.seconds(7)) {
                    try await engine.withTransaction(TransactionOptions(isolation: .serializable)) { connection in
                        let isOpen = connection.isInTransaction
                        #expect(isOpen)
                        #expect(proxy.counts.roundTrips == before)
                        let isLimited = try await connection.query(
                            """
                            SELECT current_setting('statement_timeout')::interval <= '7.1 s'
                                AND current_setting('idle_in_transaction_session_timeout')::interval > '6 s'
                                AND current_setting('transaction_isolation') = 'serializable'
                            """
                        ).value(as: Bool.self)
                        #expect(proxy.counts.roundTrips == before + 1)
                        try await connection.execute("INSERT INTO given VALUES (1)")
                        return isLimited
                    }
                }
                #expect(isLimited)
                #expect(proxy.counts.roundTrips - before == 3, "the first statement, the second, COMMIT")
                #expect(try await engine.given() == [1])
                let after = try await engine.query("SELECT current_setting('statement_timeout')").value(as: String.self)
                #expect(after == "0")
            }
        }

        @Test func `is sent on its own where several statements at once are not known to be borne`() async throws {
            try await FaultProxy.run { proxy in
                try await using(proxy.engine { $0.upstream = .rdsProxy }) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    try await engine.withTransaction { connection in
                        #expect(proxy.counts.roundTrips == before + 1)
                        try await connection.execute("SELECT 1")
                    }
                    #expect(proxy.counts.roundTrips - before == 3)
                }
            }
        }

        @Test func `is not sent for a closure that runs nothing`() async throws {
            try await withTable { engine, proxy in
                let before = proxy.counts.roundTrips
                try await engine.withTransaction { _ in }
                await #expect(throws: Ended.self) { try await engine.withTransaction { _ in throw Ended() } }
                #expect(proxy.counts.roundTrips == before)
            }
        }

        @Test func `goes ahead of a savepoint, a stream and a copy`() async throws {
            try await withTable { engine, proxy in
                var before = proxy.counts.roundTrips
                try await engine.withTransaction { connection in
                    try await connection.withTransaction { connection in
                        _ = try await connection.execute("INSERT INTO given VALUES (1)")
                    }
                }
                #expect(proxy.counts.roundTrips - before == 4, "BEGIN and SAVEPOINT, the statement, RELEASE, COMMIT")
                before = proxy.counts.roundTrips
                await #expect(throws: Ended.self) {
                    try await engine.withTransaction { connection in
                        try await connection.copyRows(into: "given") { rows in try await rows.write(2) }
                        throw Ended()
                    }
                }
                let seen = try await engine.withTransaction(TransactionOptions(isReadOnly: true)) { connection in
                    try await connection.stream("SELECT current_setting('transaction_read_only') FROM given") { rows in
                        try await rows.next(as: String.self)
                    }
                }
                #expect(seen == "on")
                #expect(try await engine.given() == [1])
            }
        }

        @Test func `with a statement that fails is rolled back, and the error is that of the statement`() async throws {
            try await withTable { engine, _ in
                for swallows in [false, true] {
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.withTransaction { connection in
                            do {
                                try await connection.execute("SELECT 1 / 0")
                            } catch {
                                if !swallows { throw error }
                            }
                        }
                    }
                    #expect(error?.code == (swallows ? .transactionAborted : .server))
                    if !swallows { #expect(error?.message == "the statement failed") }
                }
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `that was not sent is sent with the next statement`() async throws {
            try await withTable { engine, proxy in
                let before = proxy.counts.roundTrips
                await #expect(throws: Ended.self) {
                    try await engine.withTransaction { connection in
                        for timeout in [Duration.zero, .seconds(5)] {
                            _ = try? await connection.execute("INSERT INTO given VALUES (1)", timeout: timeout)
                        }
                        throw Ended()
                    }
                }
                #expect(proxy.counts.roundTrips - before == 2, "the statement and ROLLBACK")
                let rows = try await engine.given()
                #expect(rows.isEmpty)
            }
        }

        @Test func `that failed lets nothing be run in its place`() async throws {
            // A pooler of statements that is taken for one of transactions refuses BEGIN.
            let table = "refused_\(UInt32.random(in: 0...UInt32.max))"
            try await withEngine { admin in
                try await admin.execute("CREATE TABLE \(unsafeRaw: table) (n int)")
                try await withPooler(.pgbouncer("statement")) { pooler in
                    try await using(pooler.engine { $0.upstream = .pgbouncer }) { engine in
                        let error = await #expect(throws: VernalError.self) {
                            try await engine.withTransaction { connection in
                                for _ in 0..<3 {
                                    _ = try? await connection.execute("INSERT INTO \(unsafeRaw: table) VALUES (1)")
                                }
                            }
                        }
                        #expect(error != nil)
                    }
                }
                let rows = try await admin.query("SELECT count(*) FROM \(unsafeRaw: table)").value(as: Int.self)
                try await admin.execute("DROP TABLE \(unsafeRaw: table)")
                #expect(rows == 0)
            }
        }

        @Test(arguments: [FaultProxy.Reaction.close, .forwardThenClose])
        func `whose connection breaks lets nothing be run in its place`(reaction: FaultProxy.Reaction) async throws {
            try await withTable { engine, proxy in
                proxy.when(clientSends: "BEGIN", reaction)
                var errors: [VernalError.Code] = []
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        for _ in 0..<2 {
                            do {
                                try await connection.execute("SELECT 1")
                            } catch let error as VernalError {
                                errors.append(error.code)
                            }
                        }
                    }
                }
                #expect(errors == [.connectionLost, .connectionLost])
                #expect(error?.code == .connectionLost)
            }
        }

        @Test func `of a cancelled task runs nothing, not even the closure`() async throws {
            try await withTable { engine, proxy in
                let before = proxy.counts.roundTrips
                let isHeld = Gate()
                let isCancelled = Gate()
                let task = Task {
                    try await engine.withConnection { connection in
                        isHeld.open()
                        await isCancelled.pass()
                        try await connection.withTransaction { _ in Issue.record("it ran") }
                    }
                }
                await isHeld.pass()
                task.cancel()
                isCancelled.open()
                let error = await #expect(throws: VernalError.self) { try await task.value }
                #expect(error?.code == .cancelled)
                #expect(proxy.counts.roundTrips == before)
            }
        }

        @Test func `is repeated with the closure`() async throws {
            try await withTable { engine, _ in
                var runs = 0
                let result = try await engine.withTransaction(TransactionOptions(retries: 2)) { connection in
                    runs += 1
                    if runs < 3 {
                        try await connection.execute(
                            "DO $$ BEGIN RAISE EXCEPTION 'gave way' USING ERRCODE = '40001'; END $$"
                        )
                    }
                    try await connection.execute("INSERT INTO given VALUES (\(runs))")
                    return runs
                }
                #expect(result == 3)
                #expect(try await engine.given() == [3])
            }
        }
    }
}
