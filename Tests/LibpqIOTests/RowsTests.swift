import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

/// More rows than any test can read.
private let endless = "SELECT generate_series(1, 1000000000)"

extension LibpqConnection {
    fileprivate mutating func send(
        _ statement: String,
        rowsAtOnce: Int = 1,
        within limit: Duration? = .seconds(10)
    ) throws(LibpqError) {
        try sendForRows(statement, StatementParameters(), rowsAtOnce: rowsAtOnce, until: limit.map { .now + $0 })
    }

    /// How many rows come until the end, or until there is an error.
    fileprivate mutating func count(
        within limit: Duration? = .seconds(10)
    ) async -> (rows: Int, error: LibpqError?) {
        let deadline = limit.map { Moment.now + $0 }
        var rows = 0
        do throws(LibpqError) {
            while true {
                let result = try await nextRows(until: deadline)
                if result.ntuples == 0 { return (rows, nil) }
                rows += result.ntuples
            }
        } catch {
            return (rows, error)
        }
    }

    /// Whether it can be used on.
    fileprivate mutating func isUsable() async -> Bool {
        guard transactionStatus == .idle else { return false }
        return (try? await text("SELECT 'on'")) == "on"
    }
}

extension `libpq on a real server` {
    @Suite struct `Rows that come a few at a time` {
        @Test(arguments: Waiting.allCases, [1, 100])
        func `are all there, and the connection is free afterwards`(waiting: Waiting, atOnce: Int) async throws {
            var connection = try await connect(settings(), waiting)
            for wanted in [0, 1, 100, 19_950] {
                let statement = "SELECT n, repeat('x', 50) FROM generate_series(1, \(wanted)) n"
                try connection.send(statement, rowsAtOnce: atOnce)
                let (rows, error) = await connection.count()
                #expect(rows == wanted)
                #expect(error == nil)
                let isUsable = await connection.isUsable()
                #expect(isUsable)
            }
        }

        @Test func `make the server wait for whoever does not read them`() async throws {
            var other = try await connect(settings())
            var connection = try await connect(settings())
            let pid = connection.backendPID
            try connection.send("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)")
            let first = try await connection.nextRows(until: .now + .seconds(10)).ntuples
            #expect(first > 0)
            try await eventually("the server waits") {
                try await other.text("SELECT wait_event FROM pg_stat_activity WHERE pid = \(pid)") == "ClientWrite"
            }
            let isFree = await connection.abandon()
            #expect(isFree)
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }

        @Test(arguments: Waiting.allCases, [5, 1_000_000_000])
        func `can be broken off, with a cancel only when much is left`(waiting: Waiting, rows: Int) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                try connection.send("SELECT generate_series(1, \(rows))")
                _ = try await connection.nextRows(until: .now + .seconds(10))
                let took = await time {
                    let isFree = await connection.abandon()
                    #expect(isFree)
                }
                #expect(took < .seconds(1))
                #expect(proxy.counts.cancelRequests == (rows == 5 ? 0 : 1))
                let isUsable = await connection.isUsable()
                #expect(isUsable)
            }
        }

        @Test func `that are broken off where nothing can be cancelled cost the connection`() async throws {
            try await FaultProxy.run { proxy in
                proxy.hidesCancelKey = true
                var connection = try await connect(proxy.settings)
                try connection.send(endless)
                _ = try await connection.nextRows(until: .now + .seconds(10))
                let isFree = await connection.abandon()
                #expect(!isFree)
                let status = connection.transactionStatus
                #expect(status == .active)
                let error = await connection.failure("SELECT 1")
                #expect(error?.code == .unsupported)
                #expect(error?.message.contains("still busy") == true)
                #expect(error?.statementWasSent == false)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `end in the error of the one that fails`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            try connection.send("SELECT 1 / (3000 - n) FROM generate_series(1, 5000) n")
            let (rows, error) = await connection.count()
            #expect(rows == 2999)
            #expect(error?.code == .server)
            #expect(error?.server?.sqlState == "22012")
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }

        // Before libpq 17 they come one at a time, whatever is asked for.
        @Test func `that come together end in the error, too, and some of them may be lost by it`() async throws {
            var connection = try await connect(settings())
            try connection.send("SELECT 1 / (3000 - n) FROM generate_series(1, 5000) n", rowsAtOnce: 100)
            let (rows, error) = await connection.count()
            #expect((2900...2999).contains(rows))
            #expect(error?.server?.sqlState == "22012")
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }

        @Test(
            arguments: Waiting.allCases,
            [endless, "SELECT repeat('x', 9000), pg_sleep(0.01) FROM generate_series(1, 1000)"]
        )
        func `end at the deadline, whether they come quickly or slowly`(
            waiting: Waiting,
            statement: String
        ) async throws {
            var connection = try await connect(settings(), waiting)
            try connection.send(statement)
            let took = await time {
                let (rows, error) = await connection.count(within: .milliseconds(150))
                #expect(rows > 0)
                #expect(error?.code == .timedOut)
                #expect(error?.statementWasSent == true)
            }
            #expect(took >= .milliseconds(150))
            #expect(took < .seconds(1.5))
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }

        @Test(
            arguments: Waiting.allCases,
            [endless, "SELECT repeat('x', 9000), pg_sleep(0.01) FROM generate_series(1, 1000)"]
        )
        func `end when the task is cancelled`(waiting: Waiting, statement: String) async throws {
            let hasBegun = Gate()
            let task = Task {
                var connection = try await connect(settings(), waiting)
                try connection.send(statement, within: nil)
                _ = try await connection.nextRows(until: nil)
                hasBegun.open()
                let (_, error) = await connection.count(within: nil)
                let status = connection.transactionStatus
                return (error?.code, status)
            }
            await hasBegun.pass()
            task.cancel()
            let (code, status) = try await task.value
            #expect(code == .cancelled)
            #expect(status == .idle)
        }

        @Test(arguments: Waiting.allCases)
        func `end when the connection breaks`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                proxy.mode = .closeAfter(serverBytes: 300_000)
                try connection.send(endless)
                let (rows, error) = await connection.count()
                #expect(rows > 0)
                #expect(error?.code == .connectionLost)
                let status = connection.transactionStatus
                #expect(status == .unknown)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `of a server that went silent are given up when the time to cancel is over`(
            waiting: Waiting
        ) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                connection.cancelTimeout = .milliseconds(200)
                try connection.send(endless)
                _ = try await connection.nextRows(until: .now + .seconds(10))
                proxy.mode = .drop
                let took = await time {
                    let (_, error) = await connection.count(within: .milliseconds(200))
                    #expect(error?.code == .timedOut)
                }
                #expect(took < .seconds(1))
                let status = connection.transactionStatus
                #expect(status == .active)
            }
        }

        @Test func `take one round trip, and none for what is not sent`() async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings)
                let before = proxy.counts.roundTrips
                try connection.send("SELECT generate_series(1, 5000)")
                _ = await connection.count()
                #expect(proxy.counts.roundTrips == before + 1)
                do throws(LibpqError) {
                    try connection.send("SELECT 1", within: .zero)
                    Issue.record("the statement was sent")
                } catch {
                    #expect(error.code == .timedOut)
                    #expect(!error.statementWasSent)
                }
                #expect(proxy.counts.roundTrips == before + 1)
            }
        }

        @Test func `are refused for a copy, which leaves the connection free`() async throws {
            var connection = try await connect(settings())
            try connection.send("COPY (SELECT 1) TO STDOUT")
            let (_, error) = await connection.count()
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("copyOut") == true)
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }
    }
}
