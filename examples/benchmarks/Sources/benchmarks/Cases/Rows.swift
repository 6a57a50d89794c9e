internal import CBench
internal import Vernal

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Benchmark {
    /// One row of six columns, each read into a Swift value.
    static let sixColumns = Benchmark(name: "one row × 6 columns") { server, _ in
        let statement = """
            SELECT 7::int4 AS id, 'Ada Lovelace'::text AS name, 36.5::float8 AS score, \
            '2026-01-01 00:00:00Z'::timestamptz AS seen, true AS active, 42::int8 AS visits
            """
        return [
            try CRows(server, .params, statement, rows: 1),
            try CRows(server, .prepared, statement, rows: 1),
            try await EngineRows(server, name: "", statement) { rows in
                let row = try rows.first.unwrapped
                let person: (Int32, String, Double, Date, Bool, Int64) = try row.decode()
                return person.0 == 7 && person.5 == 42
            },
            try await EngineRows(server, name: "as a Decodable", statement) { rows in
                let person = try rows.first.unwrapped.decode(Person.self)
                return person.id == 7 && person.visits == 42
            },
        ]
    }

    /// 100,000 rows of a table, every column read into a Swift value.
    static let manyRows = Benchmark(name: "100,000 rows", weight: 250) { server, _ in
        let count = 100_000
        let table = "vernal_benchmark_rows"
        let owner = try CPeer(server)
        try owner.execute(
            """
            SET client_min_messages = warning; DROP TABLE IF EXISTS \(table); CREATE UNLOGGED TABLE \(table) AS SELECT i AS id, 'name ' || i AS name, \
            i * 0.5::float8 AS score, '2026-01-01'::timestamptz + i * interval '1 s' AS seen \
            FROM generate_series(1, \(count)) i
            """
        )
        let statement = "SELECT id, name, score, seen FROM \(table)"
        return [
            try CRows(server, .params, statement, rows: count),
            try await EngineRows(server, name: "", statement, dropping: table) { rows in
                var sum = 0
                var length = 0
                for row in rows {
                    let (id, name, score, seen): (Int32, String, Double, Date) = try row.decode()
                    sum += Int(id)
                    length += name.utf8.count + Int(score) & 1 + Int(seen.timeIntervalSinceReferenceDate) & 1
                }
                return rows.count == count && sum == count * (count + 1) / 2 && length > 0
            },
        ]
    }
}

private struct Person: Decodable {
    var id: Int32
    var name: String
    var score: Double
    var seen: Date
    var active: Bool
    var visits: Int64
}

extension Optional {
    fileprivate var unwrapped: Wrapped {
        get throws {
            guard let self else { throw BenchmarkError("there is no row") }
            return self
        }
    }
}

/// Binary, each value read where libpq has put it.
private struct CRows: Contestant {
    let peer: CPeer
    let how: CPeer.How
    let statement: String
    let rows: Int

    init(_ server: Server, _ how: CPeer.How, _ statement: String, rows: Int) throws {
        peer = try CPeer(server)
        self.how = how
        self.statement = statement
        self.rows = rows
    }

    var name: String { how == .params ? "C PQexecParams" : "C PQexecPrepared" }
    var reference: Reference? { how == .params ? .plain : .prepared }
    var backends: [Int32] { [peer.backend] }

    func run(_ calls: Int, into samples: inout Samples) throws {
        for _ in 0..<calls {
            let start = bench_now()
            guard try peer.rows(how, statement) == rows else { throw BenchmarkError("C got too few rows") }
            samples.append(bench_now() - start)
        }
    }
}

private struct EngineRows: Contestant {
    let name: String
    let engine: Engine
    let backends: [Int32]
    let statement: SQLQuery
    /// Made for the run.
    let table: String?
    /// Reads all values; whether they are right.
    let read: @Sendable (Rows) throws -> Bool

    init(
        _ server: Server,
        name: String,
        _ statement: String,
        dropping table: String? = nil,
        read: @escaping @Sendable (Rows) throws -> Bool
    ) async throws {
        self.name = name
        engine = try await .connected(server)
        backends = [try await engine.backend()]
        self.statement = SQLQuery(unsafeRaw: statement)
        self.table = table
        self.read = read
    }

    func run(_ calls: Int, into samples: inout Samples) async throws {
        for _ in 0..<calls {
            let start = bench_now()
            guard try read(try await engine.query(statement)) else {
                throw BenchmarkError("the engine got wrong rows")
            }
            samples.append(bench_now() - start)
        }
    }

    func close() async {
        if let table { _ = try? await engine.execute(SQLQuery(unsafeRaw: "DROP TABLE \(table)")) }
        await engine.dispose()
    }
}
