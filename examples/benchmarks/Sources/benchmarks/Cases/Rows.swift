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
        let query = SQLQuery(unsafeRaw: statement)
        let readsTuple: EngineWork.Work = { engine in
            let row = try await engine.query(query).first.unwrapped
            let person: (Int32, String, Double, Date, Bool, Int64) = try row.decode()
            return person.0 == 7 && person.5 == 42
        }
        return [
            try CWork.rows(server, .params, statement, rows: 1),
            try CWork.rows(server, .prepared, statement, rows: 1),
            try await EngineWork(server, name: "", work: readsTuple),
            try await EngineWork(server, name: "not prepared", prepares: false, work: readsTuple),
            try await EngineWork(server, name: "as a Decodable") { engine in
                let person = try await engine.query(query).first.unwrapped.decode(Person.self)
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
        let query = SQLQuery(unsafeRaw: statement)
        return [
            try CWork.rows(server, .params, statement, rows: count),
            try CWork.rows(server, .rowByRow, statement, rows: count),
            try await EngineWork(server, name: "") { engine in
                let rows = try await engine.query(query)
                var sum = Sum()
                for row in rows { try sum.add(row) }
                return sum.isRight(for: count)
            },
            try await EngineWork(server, name: "streamed", dropping: table) { engine in
                try await engine.stream(query, rowsAtOnce: 256) { rows in
                    var sum = Sum()
                    while let row = try await rows.next() { try sum.add(row) }
                    return sum.isRight(for: count)
                }
            },
        ]
    }
}

/// Uses every value of a row, so that none is left unread.
private struct Sum {
    private var rows = 0
    private var ids = 0
    private var others = 0

    mutating func add(_ row: Row) throws {
        let (id, name, score, seen): (Int32, String, Double, Date) = try row.decode()
        rows += 1
        ids += Int(id)
        others += name.utf8.count + Int(score) & 1 + Int(seen.timeIntervalSinceReferenceDate) & 1
    }

    func isRight(for count: Int) -> Bool { rows == count && ids == count * (count + 1) / 2 && others > count }
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

extension CWork {
    /// Binary, each value read where libpq has put it.
    fileprivate static func rows(
        _ server: Server,
        _ how: CPeer.How,
        _ statement: String,
        rows: Int
    ) throws -> CWork {
        let (name, reference): (String, Reference?) =
            switch how {
            case .params: ("C PQexecParams", .plain)
            case .prepared: ("C PQexecPrepared", .prepared)
            case .rowByRow: ("C PQsetSingleRowMode", nil)
            }
        return try CWork(server, name, reference: reference) { peer in try peer.rows(how, statement) == rows }
    }
}
