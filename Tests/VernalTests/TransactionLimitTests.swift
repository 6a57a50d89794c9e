import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A transaction that may be run again` {
        /// Fails with what the server says when it gives a transaction up.
        private static func raise(_ state: String) -> SQLQuery {
            SQLQuery(unsafeRaw: "DO $$ BEGIN RAISE EXCEPTION 'gave way' USING ERRCODE = '\(state)'; END $$")
        }

        @Test(arguments: ["40001", "40P01"]) func `is run again as often as it may`(state: String) async throws {
            try await withEngine { engine in
                var runs = 0
                let options = TransactionOptions(retries: 2)
                let result = try await engine.withTransaction(options) { connection in
                    runs += 1
                    let isOpen = connection.isInTransaction
                    #expect(isOpen)
                    if runs < 3 { try await connection.execute(Self.raise(state)) }
                    return runs
                }
                #expect(result == 3)
                runs = 0
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction(options) { connection in
                        runs += 1
                        try await connection.execute(Self.raise(state))
                    }
                }
                #expect(error?.sqlState?.rawValue == state)
                #expect(runs == 3)
                #expect(engine.isAtRest && engine.statistics.connects == 1)
            }
        }

        @Test func `is not run again unless that was said, nor after another error`() async throws {
            try await withEngine { engine in
                for (options, state) in [(TransactionOptions(), "40001"), (TransactionOptions(retries: 5), "22012")] {
                    var runs = 0
                    _ = await #expect(throws: VernalError.self) {
                        try await engine.withTransaction(options) { connection in
                            runs += 1
                            try await connection.execute(Self.raise(state))
                        }
                    }
                    #expect(runs == 1)
                }
            }
        }

        @Test func `gives both of two that write the same rows their turn`() async throws {
            let table = "counted_\(Int.random(in: 0..<1_000_000))"
            try await withEngine({ $0.poolSize = 4 }) { engine in
                try await engine.execute(SQLQuery(unsafeRaw: "CREATE TABLE \(table) AS SELECT 0 AS n"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let options = TransactionOptions(isolation: .serializable, retries: 50)
                            for _ in 0..<5 {
                                try await engine.withTransaction(options) { connection in
                                    let read = try await connection.query(SQLQuery(unsafeRaw: "SELECT n FROM \(table)"))
                                    let n = try read.value(as: Int.self)
                                    try await connection.execute(
                                        SQLQuery(unsafeRaw: "UPDATE \(table) SET n = \(n + 1)")
                                    )
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await engine.query(SQLQuery(unsafeRaw: "SELECT n FROM \(table)")).value(as: Int.self) == 20)
                try await engine.execute(SQLQuery(unsafeRaw: "DROP TABLE \(table)"))
            }
        }
    }

    @Suite struct `The time of a transaction` {
        @Test func `is up when the configuration says so`() async throws {
            try await withEngine({ $0.maxTransactionDuration = .milliseconds(80) }) { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.execute("SELECT pg_sleep(0.01)")
                        try await connection.execute("SELECT pg_sleep(10)")
                    }
                }
                #expect(error?.code == .timedOut)
                #expect(engine.isAtRest && engine.statistics.connects == 1)
                // Outside of a transaction there is no such limit.
                try await engine.execute("SELECT pg_sleep(0.1)")
            }
        }

        @Test func `is what the caller says, if he says it`() async throws {
            try await withEngine({ $0.maxTransactionDuration = .milliseconds(20) }) { engine in
                try await engine.withTransaction(TransactionOptions(maxDuration: .seconds(20))) { connection in
                    _ = try await connection.execute("SELECT pg_sleep(0.1)")
                }
            }
        }

        @Test func `is known to the server, for the length of the transaction, in the round trip of its beginning`()
            async throws
        {
            try await FaultProxy.run { proxy in
                try await using(proxy.engine { $0.invocationMargin = .zero }) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    let limits = try await InvocationDeadline.$bound.withValue(InvocationDeadline(.now + .seconds(7))) {
                        try await engine.withTransaction { connection in
                            try await connection.query(
                                """
                                SELECT current_setting('statement_timeout')::interval <= '7.1 s'
                                    AND current_setting('statement_timeout')::interval > '5 s'
                                    AND current_setting('idle_in_transaction_session_timeout')::interval > '6 s'
                                """
                            ).value(as: Bool.self)
                        }
                    }
                    #expect(limits)
                    #expect(proxy.counts.roundTrips - before == 3, "BEGIN, the query, COMMIT")
                    let after = try await engine.query("SELECT current_setting('statement_timeout')").value(
                        as: String.self
                    )
                    #expect(after == "0")
                    #expect(engine.statistics.resets == 0)
                }
            }
        }
    }
}
