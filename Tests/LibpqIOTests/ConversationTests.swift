import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension `libpq on a real server` {
    @Suite struct `A conversation` {
        @Test(arguments: Waiting.allCases)
        func `has the server give up a statement whose deadline passes, and can be gone on with`(
            waiting: Waiting
        ) async throws {
            var other = try await connect(settings())
            var connection = try await connect(settings(), waiting)
            let pid = connection.backendPID
            let took = await time {
                let error = await connection.failure("SELECT pg_sleep(30)", within: .milliseconds(100))
                #expect(error?.code == .timedOut)
                #expect(error?.statementWasSent == true)
            }
            #expect(took < .seconds(2))
            let running = try await other.text(
                "SELECT count(*)::text FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active'"
            )
            #expect(running == "0")
            let status = connection.transactionStatus
            #expect(status == .idle)
            let answer = try await connection.text("SELECT 'on'")
            #expect(answer == "on")
        }

        @Test(arguments: Waiting.allCases)
        func `has the server give up the statement of a cancelled task`(waiting: Waiting) async throws {
            var other = try await connect(settings())
            let pid = Shared<Int32>(0)
            let task = Task {
                var connection = try await connect(settings(), waiting)
                let own = connection.backendPID
                pid.change { $0 = own }
                let error = await connection.failure("SELECT pg_sleep(30)", within: nil)
                let status = connection.transactionStatus
                return (error?.code, status)
            }
            try await eventually("the statement runs") {
                try await other.text(
                    "SELECT count(*)::text FROM pg_stat_activity WHERE pid = \(pid.value) AND state = 'active'"
                ) == "1"
            }
            task.cancel()
            let (code, status) = try await task.value
            #expect(code == .cancelled)
            #expect(status == .idle)
            let running = try await other.text(
                "SELECT count(*)::text FROM pg_stat_activity WHERE pid = \(pid.value) AND state = 'active'"
            )
            #expect(running == "0")
        }

        @Test(arguments: Waiting.allCases)
        func `with a server that went silent is given up when the time to cancel is over`(waiting: Waiting) async throws
        {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                connection.cancelTimeout = .milliseconds(200)
                proxy.mode = .drop
                let took = await time {
                    let error = await connection.failure("SELECT 1", within: .milliseconds(100))
                    #expect(error?.code == .timedOut)
                }
                #expect(took >= .milliseconds(100))
                #expect(took < .seconds(1))
                let status = connection.transactionStatus
                #expect(status == .active)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `without a cancel key never asks for a cancel`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                proxy.hidesCancelKey = true
                var connection = try await connect(proxy.settings, waiting)
                let pid = connection.backendPID
                #expect(pid == 0)
                let error = await connection.failure("SELECT pg_sleep(0.3)", within: .milliseconds(50))
                #expect(error?.code == .timedOut)
                let status = connection.transactionStatus
                #expect(status == .active)
                #expect(proxy.counts.connections == 1)
                #expect(proxy.counts.cancelRequests == 0)
            }
        }

        @Test func `with a cancel key asks once`() async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings)
                let error = await connection.failure("SELECT pg_sleep(30)", within: .milliseconds(50))
                #expect(error?.code == .timedOut)
                #expect(proxy.counts.cancelRequests == 1)
                #expect(proxy.counts.connections == 2)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `keeps the first error when a pooler says what is wrong and closes`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                proxy.when(clientSends: "'held'", .answerThenClose(ServerSays.error("08P01", "query_wait_timeout")))
                let error = await connection.failure("SELECT 'held'")
                #expect(error?.code == .connectionLost)
                #expect(error?.server?.sqlState == "08P01")
                #expect(error?.server?.message == "query_wait_timeout")
                let status = connection.transactionStatus
                #expect(status == .unknown)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `learns from a look that the server ended it while it was idle, and why`(waiting: Waiting) async throws {
            var admin = try await connect(settings())
            var connection = try await connect(settings(), waiting)
            let before = connection.isStillConnected()
            #expect(before)
            _ = try await admin.text("SELECT pg_terminate_backend(\(connection.backendPID))::text")
            let pid = connection.backendPID
            try await eventually("the backend is gone") {
                try await admin.text("SELECT count(*)::text FROM pg_stat_activity WHERE pid = \(pid)") == "0"
            }
            let after = connection.isStillConnected()
            #expect(!after)
            let farewell = connection.farewell
            #expect(farewell?.sqlState == "57P01")
            let error = await connection.failure("SELECT 1")
            #expect(error?.code == .connectionLost)
            #expect(error?.server?.sqlState == "57P01")
        }

        @Test func `refuses parameters of 1 GiB, and goes on`() async throws {
            var parameters = StatementParameters()
            parameters.appendBinary(type: 17) { $0.append(contentsOf: [UInt8](repeating: 0, count: 1 << 30)) }
            var connection = try await connect(settings())
            do {
                _ = try await connection.query("SELECT length($1)", parameters, until: nil)
                Issue.record("the parameters were sent")
            } catch {
                #expect(error.code == .unsupported)
                #expect(!error.statementWasSent)
            }
            let answer = try await connection.text("SELECT 'on'")
            #expect(answer == "on")
        }

        @Test func `takes a notice for no sign of death`() async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings)
                await proxy.sayToClients(ServerSays.notice("the server says hello"))
                let alive = connection.isStillConnected()
                #expect(alive)
                let answer = try await connection.text("SELECT 'alive'")
                #expect(answer == "alive")
            }
        }

        @Test func `takes bytes that are no protocol for death`() async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings)
                await proxy.sayToClients(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
                let error = await connection.failure("SELECT 1", within: .seconds(2))
                #expect(error != nil)
                let status = connection.transactionStatus
                #expect(status != .idle)
            }
        }

        @Test(
            arguments: Waiting.allCases,
            [
                "COPY (SELECT generate_series(1, 20)) TO STDOUT",
                "COPY (SELECT generate_series(1, 100000000)) TO STDOUT",
                "COPY given FROM STDIN",
            ]
        )
        func `takes a copy for an error, says what to use, and is free afterwards`(
            waiting: Waiting,
            statement: String
        ) async throws {
            var connection = try await connect(settings(), waiting)
            try await connection.command("CREATE TEMPORARY TABLE given (id int)", until: .now + .seconds(5))
            let took = await time {
                let error = await connection.failure(statement)
                #expect(error?.code == .unsupported)
                #expect(error?.message.contains(statement.contains("STDIN") ? "copyIn" : "copyOut") == true)
                let status = connection.transactionStatus
                #expect(status == .idle)
                let next = await connection.failure("SELECT 1", within: .seconds(1))
                #expect(next == nil)
            }
            #expect(took < .seconds(3))
        }

        @Test(arguments: Waiting.allCases)
        func `keeps its place after an error, and in a failed transaction`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            let error = await connection.failure("SELEC 1")
            #expect(error?.code == .server)
            #expect(error?.server?.sqlState == "42601")
            var status = connection.transactionStatus
            #expect(status == .idle)
            try await connection.command("BEGIN", until: nil)
            _ = await connection.failure("SELECT 1 / 0")
            status = connection.transactionStatus
            #expect(status == .inFailedTransaction)
            try await connection.command("ROLLBACK", until: nil)
            status = connection.transactionStatus
            #expect(status == .idle)
        }

        @Test(arguments: Waiting.allCases)
        func `sends nothing when its time is over already`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                let before = proxy.counts.clientBytes
                let error = await connection.failure("SELECT 1", within: .zero)
                #expect(error?.code == .timedOut)
                #expect(error?.statementWasSent == false)
                #expect(proxy.counts.clientBytes == before)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `takes exactly one round trip for a statement`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                let before = proxy.counts.roundTrips
                for _ in 0..<10 { _ = try await connection.text("SELECT 'x'") }
                #expect(proxy.counts.roundTrips == before + 10)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `bears a slow network and answers in pieces`(waiting: Waiting) async throws {
            try await FaultProxy.run(.latency(.milliseconds(3))) { proxy in
                var connection = try await connect(proxy.settings, waiting)
                let text = try await connection.text("SELECT repeat('abc', 300000)")
                #expect(text.utf8.count == 900_000)
            }
        }
    }
}
