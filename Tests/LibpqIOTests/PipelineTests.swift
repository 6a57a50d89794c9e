import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension LibpqConnection {
    /// Runs statements in one flight; returns the first value of each result, and the error.
    fileprivate mutating func fly(
        _ statements: [String],
        within limit: Duration? = .seconds(10)
    ) async -> (values: [String], error: LibpqError?) {
        var values: [String] = []
        do throws(LibpqError) {
            try await pipeline(statements.map { PipelinedStatement($0) }, until: limit.map { .now + $0 }) {
                index,
                result in
                #expect(index == values.count)
                values.append(result.ntuples > 0 ? result.withValue(0, 0) { $0.utf8String() } ?? "" : "")
            }
            return (values, nil)
        } catch {
            return (values, error)
        }
    }

    fileprivate mutating func isUsable() async -> Bool {
        guard transactionStatus == .idle else { return false }
        return (try? await text("SELECT 'on'")) == "on"
    }
}

extension `libpq on a real server` {
    @Suite struct `A pipeline` {
        @Test(arguments: Waiting.allCases)
        func `gives the results in order, in one round trip`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                let before = proxy.counts.roundTrips
                let (values, error) = await connection.fly((1...50).map { "SELECT 'v\($0)'" })
                #expect(error == nil)
                #expect(values == (1...50).map { "v\($0)" })
                #expect(proxy.counts.roundTrips == before + 1)
                let isUsable = await connection.isUsable()
                #expect(isUsable)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `that is larger than all buffers does not wedge`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            let text = String(repeating: "x", count: 10_000)
            let took = await time {
                let (values, error) = await connection.fly(
                    Array(repeating: "SELECT '\(text)' || '\(text)'", count: 2000),
                    within: .seconds(30)
                )
                #expect(error == nil)
                #expect(values.count == 2000)
                #expect(values.allSatisfy { $0.utf8.count == 20_000 })
            }
            #expect(took < .seconds(20))
        }

        @Test(arguments: Waiting.allCases)
        func `ends at the first error, and none of it takes effect`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            try await connection.command("CREATE TEMPORARY TABLE given (n int)", until: nil)
            let (values, error) = await connection.fly([
                "INSERT INTO given VALUES (1)", "SELECT 'two'", "SELECT 1 / 0", "INSERT INTO given VALUES (2)", "SELEC",
            ])
            #expect(values == ["", "two"])
            #expect(error?.server?.sqlState == "22012")
            #expect(error?.statementIndex == 2)
            let status = connection.transactionStatus
            #expect(status == .idle)
            let count = try await connection.text("SELECT count(*)::text FROM given")
            #expect(count == "0")
        }

        @Test(arguments: Waiting.allCases)
        func `ends at the deadline, with a cancel`(waiting: Waiting) async throws {
            var connection = try await connect(settings(), waiting)
            let took = await time {
                let (values, error) = await connection.fly(
                    ["SELECT 'one'", "SELECT pg_sleep(30)", "SELECT 'three'"],
                    within: .milliseconds(100)
                )
                #expect(values == ["one"])
                #expect(error?.code == .timedOut)
                #expect(error?.statementIndex == 1)
            }
            #expect(took < .seconds(2))
            let isUsable = await connection.isUsable()
            #expect(isUsable)
        }

        @Test func `that cannot be cancelled costs the connection, and nobody waits on it`() async throws {
            try await FaultProxy.run { proxy in
                proxy.hidesCancelKey = true
                var connection = try await connect(proxy.settings)
                let (_, error) = await connection.fly(["SELECT pg_sleep(3)"], within: .milliseconds(100))
                #expect(error?.code == .timedOut)
                let took = await time {
                    let next = await connection.failure("SELECT 1", within: nil)
                    #expect(next != nil)
                }
                #expect(took < .seconds(1))
            }
        }

        @Test(arguments: Waiting.allCases)
        func `whose connection breaks says so`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                var connection = try await connect(proxy.settings, waiting)
                proxy.when(clientSends: "'broken'", .forwardThenClose)
                let (_, error) = await connection.fly(["SELECT 'one'", "SELECT 'broken'", "SELECT pg_sleep(1)"])
                #expect(error?.code == .connectionLost)
                #expect(error?.statementWasSent == true)
            }
        }

        @Test(arguments: ["COPY (SELECT 1) TO STDOUT", "COPY given FROM STDIN"])
        func `takes no copy, and does not wedge`(copy: String) async throws {
            var connection = try await connect(settings())
            try await connection.command("CREATE TEMPORARY TABLE given (n int)", until: nil)
            let took = await time {
                let (_, error) = await connection.fly(["SELECT 'one'", copy, "SELECT 'three'"])
                #expect(error != nil)
                let next = await connection.failure("SELECT 1", within: .seconds(1))
                #expect(next != nil)
            }
            #expect(took < .seconds(3))
            let status = connection.transactionStatus
            #expect(status != .idle)
        }
    }
}
