import EmbeddedPostgres
import LibpqIO
import Testing
import Vernal
import VernalTestKit

/// An engine whose session has a temporary table `given (n int8 UNIQUE)`, and its proxy.
private func withTable(_ upstream: Upstream?, _ body: (Engine, FaultProxy) async throws -> Void) async throws {
    try await FaultProxy.run { proxy in
        try await using(
            proxy.engine {
                $0.upstream = upstream
                $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
                $0.pinPolicy = .allow
            }
        ) { engine in
            try await engine.execute("CREATE TEMPORARY TABLE given (n int8 UNIQUE)")
            try await body(engine, proxy)
            #expect(engine.isAtRest)
            #expect(engine.statistics.connects == 1)
        }
    }
}

extension Engine {
    fileprivate func given() async throws -> [Int] {
        try await query("SELECT n FROM given ORDER BY n").decode(Int.self)
    }
}

/// One that takes pipelines, and one that does not.
private let upstreams = [Upstream.direct, .rdsProxy]

extension `On a real server` {
    @Suite struct `A pipeline of the user` {
        @Test(arguments: upstreams)
        func `gives the results in order; in one round trip where that is allowed`(upstream: Upstream) async throws {
            try await withTable(upstream) { engine, proxy in
                let isLong = true
                let before = proxy.counts.roundTrips
                let results = try await engine.pipeline {
                    "INSERT INTO given VALUES (\(1))"
                    for number in 2...4 { "INSERT INTO given VALUES (\(number)) RETURNING n" }
                    if isLong { "SELECT count(*) FROM given" } else { "SELECT 0" }
                    if !isLong { "SELECT 1" }
                }
                #expect(results.count == 5)
                #expect(results[0].affectedRows == 1 && results[0].isEmpty)
                #expect(try results[1...3].map { try $0.value(as: Int.self) } == [2, 3, 4])
                #expect(try results[4].value(as: Int.self) == 4)
                // One by one: BEGIN, five statements, COMMIT.
                #expect(proxy.counts.roundTrips - before == (upstream == .direct ? 1 : 7))
                #expect(try await engine.given() == [1, 2, 3, 4])
            }
        }

        @Test(arguments: upstreams)
        func `that fails takes no effect, and names the statement`(upstream: Upstream) async throws {
            try await withTable(upstream) { engine, _ in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.pipeline {
                        "INSERT INTO given VALUES (1)"
                        "INSERT INTO given VALUES (2)"
                        "INSERT INTO given VALUES (1)"
                        "INSERT INTO given VALUES (3)"
                    }
                }
                #expect(error?.code == .server)
                #expect(error?.sqlState == .uniqueViolation)
                #expect(error?.statementIndex == 2)
                #expect(error?.message == "statement 3 of 4 of a pipeline failed, so that none of them took effect")
                let rows = try await engine.given()
                #expect(rows.isEmpty)
            }
        }

        @Test(arguments: upstreams)
        func `in a transaction is part of it`(upstream: Upstream) async throws {
            try await withTable(upstream) { engine, proxy in
                let before = proxy.counts.roundTrips
                try await engine.withTransaction { connection in
                    try await connection.pipeline {
                        "INSERT INTO given VALUES (1)"
                        "INSERT INTO given VALUES (2)"
                    }
                }
                // With the beginning in the same flight, and COMMIT; or BEGIN, two statements, COMMIT.
                #expect(proxy.counts.roundTrips - before == (upstream == .direct ? 2 : 4))
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.execute("INSERT INTO given VALUES (3)")
                        try await connection.pipeline {
                            "INSERT INTO given VALUES (4)"
                            "INSERT INTO given VALUES (1)"
                        }
                    }
                }
                #expect(error?.statementIndex == 1)
                #expect(error?.message == "statement 2 of 2 of a pipeline failed, which ends its transaction")
                #expect(try await engine.given() == [1, 2])
            }
        }

        @Test(arguments: upstreams)
        func `checks all statements before it sends the first`(upstream: Upstream) async throws {
            try await withTable(upstream) { engine, proxy in
                let before = proxy.counts.roundTrips
                let error = await #expect(throws: VernalError.self) {
                    try await engine.pipeline {
                        "INSERT INTO given VALUES (1)"
                        "SELECT \("a NUL \0")"
                    }
                }
                #expect(error?.code == .invalidParameter)
                #expect(error?.statementIndex == 1)
                let empty = try await engine.pipeline {}
                #expect(empty.isEmpty)
                #expect(proxy.counts.roundTrips == before)
            }
        }

        @Test(arguments: upstreams)
        func `ends at its deadline, and the connection is used on`(upstream: Upstream) async throws {
            try await FaultProxy.run { proxy in
                try await using(proxy.engine { $0.upstream = upstream }) { engine in
                    let backend = try await engine.backend()
                    let took = await time {
                        let error = await #expect(throws: VernalError.self) {
                            try await engine.pipeline(timeout: .milliseconds(150)) {
                                "SELECT 1"
                                "SELECT pg_sleep(30)"
                            }
                        }
                        #expect(error?.code == .timedOut)
                        #expect(error?.statementIndex == 1)
                    }
                    #expect(took < .seconds(2))
                    #expect(try await engine.backend() == backend)
                }
            }
        }

        @Test(arguments: upstreams)
        func `has whole results after rows that came one by one`(upstream: Upstream) async throws {
            try await withTable(upstream) { engine, _ in
                for _ in 0..<2 {
                    let streamed = try await engine.stream("SELECT generate_series(1, 3)") { rows in
                        var count = 0
                        while try await rows.next() != nil { count += 1 }
                        return count
                    }
                    #expect(streamed == 3)
                    let results = try await engine.pipeline {
                        "SELECT generate_series(1, 4)"
                        "SELECT 5"
                    }
                    #expect(results.map(\.count) == [4, 1])
                    // The first statement of a transaction goes with its beginning.
                    _ = try await engine.stream("SELECT generate_series(1, 3)") { _ = try await $0.next() }
                    let inTransaction = try await engine.withTransaction {
                        try await $0.query("SELECT generate_series(1, 6)").count
                    }
                    #expect(inTransaction == 6)
                }
            }
        }

        @Test func `asks once what is in between, where nobody has said it`() async throws {
            try await withTable(nil) { engine, proxy in
                let before = proxy.counts.roundTrips
                for _ in 0..<3 {
                    try await engine.pipeline {
                        "SELECT 1"
                        "SELECT 2"
                    }
                }
                // The question and three flights.
                #expect(proxy.counts.roundTrips - before == 4)
            }
        }

        @Test func `with a copy in it is an error, and costs the connection only`() async throws {
            try await withEngine({ $0.upstream = .direct }) { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.pipeline {
                        "SELECT 1"
                        "COPY (SELECT 1) TO STDOUT"
                    }
                }
                #expect(error != nil)
                #expect(engine.isAtRest)
                let lent = try await engine.leasableConnections()
                #expect(lent == 1)
            }
        }

        @Test func `works behind PgBouncer`() async throws {
            try await withPooler(.pgbouncer(poolSize: 1)) { pooler in
                try await using(pooler.engine { $0.upstream = .pgbouncer }) { engine in
                    for _ in 0..<3 {
                        let results = try await engine.pipeline {
                            for number in 1...20 { "SELECT \(number)" }
                        }
                        #expect(try results.map { try $0.value(as: Int.self) } == Array(1...20))
                        let error = await #expect(throws: VernalError.self) {
                            try await engine.pipeline {
                                "SELECT 1"
                                "SELECT 1 / 0"
                                "SELECT 3"
                            }
                        }
                        #expect(error?.statementIndex == 1)
                    }
                    #expect(engine.statistics.losses == 0)
                }
            }
        }
    }
}
