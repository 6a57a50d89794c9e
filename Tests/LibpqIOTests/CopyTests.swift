import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension LibpqConnection {
    fileprivate mutating func command(_ text: String) async throws(LibpqError) {
        try await command(text, until: .now + .seconds(10))
    }

    /// A session with a table `given (n int)`.
    fileprivate static func withTable(
        _ settings: ConnectionSettings,
        _ waiting: Waiting = .adaptive
    ) async throws
        -> LibpqConnection
    {
        var connection = try await connect(settings, waiting)
        try await connection.command("CREATE TEMPORARY TABLE given (n int)")
        return connection
    }

    fileprivate mutating func rows() async throws -> String {
        try await text("SELECT concat_ws(',', count(*), min(n), max(n)) FROM given")
    }
}

/// Lines with the numbers of a range.
private func lines(_ range: ClosedRange<Int>) -> [UInt8] {
    Array(range.map { "\($0)\n" }.joined().utf8)
}

/// Sends the same lines again and again until the server refuses them.
private func sendUntilRefused(
    _ connection: inout LibpqConnection,
    _ piece: [UInt8],
    most: Int = 20_000,
    until deadline: Moment?
) async -> (sent: Int, error: LibpqError?) {
    for count in 0..<most {
        do throws(LibpqError) {
            try await connection.sendCopyData(piece, until: deadline)
        } catch {
            return (count * piece.count, error)
        }
    }
    return (most * piece.count, nil)
}

extension `libpq on a real server` {
    @Suite struct `A copy` {
        @Test(arguments: Waiting.allCases)
        func `to the server takes what it is given, in pieces of any size`(waiting: Waiting) async throws {
            var connection = try await LibpqConnection.withTable(settings(), waiting)
            let format = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
            #expect(!format.isBinary)
            #expect(format.columnCount == 1)
            let data = lines(1...300_000)
            try await connection.sendCopyData([], until: nil)
            try await connection.sendCopyData(Array(data[..<3]), until: nil)
            try await connection.sendCopyData(Array(data[3...]), until: nil)
            let count = try await connection.endCopy(until: .now + .seconds(10))
            #expect(count == 300_000)
            #expect(try await connection.rows() == "300000,1,300000")
        }

        @Test func `to the server that is given up leaves nothing, and the connection is free`() async throws {
            var connection = try await LibpqConnection.withTable(settings())
            _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
            try await connection.sendCopyData(lines(1...1000), until: nil)
            let isFree = await connection.abandon()
            #expect(isFree)
            #expect(try await connection.rows() == "0")
        }

        @Test(arguments: Waiting.allCases)
        func `to the server hears of an error while there is data left`(waiting: Waiting) async throws {
            var connection = try await LibpqConnection.withTable(settings(), waiting)
            _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
            try await connection.sendCopyData(Array("one\n".utf8), until: nil)
            let (sent, error) = await sendUntilRefused(&connection, lines(1...10_000), until: nil)
            #expect(error?.code == .server)
            #expect(error?.server?.sqlState == "22P02")
            #expect(sent < 100_000_000)
            #expect(try await connection.rows() == "0")
        }

        @Test func `to the server hears of an error at its end`() async throws {
            var connection = try await LibpqConnection.withTable(settings())
            _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
            try await connection.sendCopyData(Array("1\ntwo\n".utf8), until: nil)
            do {
                _ = try await connection.endCopy(until: nil)
                Issue.record("the row was taken")
            } catch {
                #expect(error.server?.sqlState == "22P02")
            }
            #expect(try await connection.rows() == "0")
        }

        @Test(arguments: Waiting.allCases)
        func `to the server takes no notice for an error`(waiting: Waiting) async throws {
            var connection = try await LibpqConnection.withTable(settings(), waiting)
            try await connection.command(
                """
                CREATE FUNCTION pg_temp.say() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE NOTICE '%', repeat('a long notice ', NEW.n % 500); RETURN NEW; END $$;
                CREATE TRIGGER say BEFORE INSERT ON given FOR EACH ROW EXECUTE FUNCTION pg_temp.say()
                """
            )
            _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
            for start in stride(from: 0, to: 20_000, by: 500) {
                try await connection.sendCopyData(lines((start + 1)...(start + 500)), until: .now + .seconds(20))
            }
            let count = try await connection.endCopy(until: .now + .seconds(20))
            #expect(count == 20_000)
        }

        @Test(arguments: Waiting.allCases)
        func `to a server that reads no further waits, until the deadline`(waiting: Waiting) async throws {
            let table = "held_\(UInt32.random(in: 0...UInt32.max))"
            var holder = try await connect(settings())
            try await holder.command("CREATE TABLE \(table) (n int)")
            var connection = try await connect(settings(), waiting)
            try await holder.command(
                """
                CREATE FUNCTION \(table)_wait() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
                CREATE TRIGGER wait BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION \(table)_wait()
                """
            )
            _ = try await connection.startCopy("COPY \(table) FROM STDIN", .toServer, until: nil)
            let took = await time {
                let piece = lines(1...100_000)
                let (sent, error) = await sendUntilRefused(&connection, piece, until: .now + .milliseconds(400))
                #expect(error?.code == .timedOut)
                #expect(sent < 100_000_000)
            }
            #expect(took < .seconds(2))
            let status = connection.transactionStatus
            #expect(status == .idle)
            try await holder.command("DROP TABLE \(table); DROP FUNCTION \(table)_wait()")
        }

        @Test func `to the server whose task is cancelled is given up`() async throws {
            let hasBegun = Gate()
            let task = Task {
                var connection = try await LibpqConnection.withTable(settings())
                _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
                let piece = lines(1...1000)
                try await connection.sendCopyData(piece, until: nil)
                hasBegun.open()
                while !Task.isCancelled { await Task.yield() }
                do throws(LibpqError) {
                    // The socket would take it without a wait.
                    try await connection.sendCopyData(piece, until: nil)
                    return (LibpqError.Code?.none, connection.transactionStatus)
                } catch {
                    return (error.code, connection.transactionStatus)
                }
            }
            await hasBegun.pass()
            task.cancel()
            let (code, status) = try await task.value
            #expect(code == .cancelled)
            #expect(status == .idle)
        }

        @Test(arguments: [FaultProxy.Reaction.close, .reset])
        func `whose connection breaks says so`(reaction: FaultProxy.Reaction) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await LibpqConnection.withTable(proxy.settings)
                _ = try await connection.startCopy("COPY given FROM STDIN", .toServer, until: nil)
                proxy.when(clientSends: "4711\n", reaction)
                try await connection.sendCopyData(Array("4711\n".utf8), until: nil)
                let (_, error) = await sendUntilRefused(&connection, lines(1...1000), until: .now + .seconds(10))
                #expect(error?.code == .connectionLost)
                let status = connection.transactionStatus
                #expect(status == .unknown)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `from the server arrives as a whole`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            let format = try await connection.startCopy(
                "COPY (SELECT generate_series(1, 200000)) TO STDOUT",
                .fromServer,
                until: nil
            )
            #expect(format.columnCount == 1)
            var data: [UInt8] = []
            var longest = 0
            var rows: Int?
            while rows == nil {
                var chunk: [UInt8] = []
                rows = try await connection.nextCopyData(
                    appendingTo: &chunk,
                    upTo: 10_000,
                    until: .now + .seconds(10)
                )
                if rows == nil { #expect(chunk.last == UInt8(ascii: "\n")) }
                longest = max(longest, chunk.count)
                data += chunk
            }
            #expect(rows == 200_000)
            #expect(data == lines(1...200_000))
            #expect(longest < 10_020)
            let status = connection.transactionStatus
            #expect(status == .idle)
        }

        @Test(arguments: Waiting.allCases, [10, 1_000_000_000])
        func `from the server can be broken off, with a cancel only when much is left`(
            waiting: Waiting,
            rows: Int
        ) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                _ = try await connection.startCopy(
                    "COPY (SELECT generate_series(1, \(rows))) TO STDOUT",
                    .fromServer,
                    until: nil
                )
                var chunk: [UInt8] = []
                _ = try await connection.nextCopyData(appendingTo: &chunk, upTo: 1, until: nil)
                let took = await time {
                    let isFree = await connection.abandon()
                    #expect(isFree)
                }
                #expect(took < .seconds(1))
                #expect(proxy.counts.cancelRequests == (rows == 10 ? 0 : 1))
                let answer = try await connection.text("SELECT 'on'")
                #expect(answer == "on")
            }
        }

        @Test func `from the server ends in an error, at the deadline, and when the connection breaks`() async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings)
                for (query, code, state) in [
                    (
                        "SELECT 1 / (5 - n) FROM generate_series(1, 10) n", LibpqError.Code.server,
                        TransactionStatus.idle
                    ),
                    ("SELECT n, pg_sleep(0.01) FROM generate_series(1, 1000) n", .timedOut, .idle),
                    ("SELECT generate_series(1, 1000000000)", .connectionLost, .unknown),
                ] {
                    if code == .connectionLost { proxy.mode = .closeAfter(serverBytes: 500_000) }
                    _ = try await connection.startCopy("COPY (\(query)) TO STDOUT", .fromServer, until: nil)
                    let deadline = code == .timedOut ? Moment.now + .milliseconds(100) : nil
                    var failure: LibpqError?
                    do throws(LibpqError) {
                        var rows: Int?
                        var chunk: [UInt8] = []
                        while rows == nil {
                            chunk = []
                            rows = try await connection.nextCopyData(appendingTo: &chunk, upTo: 1000, until: deadline)
                        }
                    } catch {
                        failure = error
                    }
                    #expect(failure?.code == code)
                    let status = connection.transactionStatus
                    #expect(status == state)
                }
            }
        }

        @Test(arguments: [
            ("SELECT 1", CopyDirection.toServer), ("SELECT 1", .fromServer), ("COPY given FROM STDIN", .fromServer),
            ("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT", .toServer),
            ("COPY nothing FROM STDIN", .toServer),
        ])
        func `of another kind is refused, and leaves the connection free`(
            statement: String,
            direction: CopyDirection
        ) async throws {
            var connection = try await LibpqConnection.withTable(settings())
            do {
                _ = try await connection.startCopy(statement, direction, until: nil)
                Issue.record("it was taken")
            } catch {
                #expect(error.code == (statement.contains("nothing") ? .server : .unsupported))
            }
            #expect(try await connection.rows() == "0")
        }

        @Test func `behind which there is another one is refused, and leaves the connection free`() async throws {
            var connection = try await LibpqConnection.withTable(settings())
            let statement = "COPY given FROM STDIN; COPY given FROM STDIN"
            _ = try await connection.startCopy(statement, .toServer, until: nil)
            try await connection.sendCopyData(lines(1...10), until: nil)
            do {
                _ = try await connection.endCopy(until: nil)
                Issue.record("it was taken")
            } catch {
                #expect(error.code == .unsupported)
            }
            #expect(try await connection.rows() == "0")
        }
    }
}
