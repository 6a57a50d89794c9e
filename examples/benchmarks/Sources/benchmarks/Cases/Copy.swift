internal import CBench
internal import Vernal

extension Benchmark {
    private static let rowCount = 100_000

    /// 100,000 rows of a table, as text, to this side.
    static let copyOut = Benchmark(name: "COPY out", weight: 250) { server, _ in
        let table = "vernal_benchmark_copy_out"
        try CPeer(server).execute(
            """
            SET client_min_messages = warning; DROP TABLE IF EXISTS \(table); CREATE UNLOGGED TABLE \(table) AS \
            SELECT i AS id, 'name ' || i AS name, i * 0.5::float8 AS score FROM generate_series(1, \(rowCount)) i
            """
        )
        let statement = "COPY \(table) TO STDOUT"
        let size = try CPeer(server).copyOut(statement)
        let query = SQLQuery(unsafeRaw: statement)
        return [
            try CWork(server, "C PQgetCopyData") { peer in try peer.copyOut(statement) == size },
            try await EngineWork(server, name: "", dropping: table) { engine in
                try await engine.withConnection { connection in
                    try await connection.copyOut(query) { data in
                        var bytes = 0
                        while let chunk = try await data.next() { bytes += chunk.count }
                        return bytes == size && data.rowCount == rowCount
                    }
                }
            },
        ]
    }

    /// The same from this side, in pieces of 100 rows; the table is emptied first.
    static let copyIn = Benchmark(name: "COPY in", weight: 250) { server, _ in
        let table = "vernal_benchmark_copy_in"
        try CPeer(server).execute(
            """
            SET client_min_messages = warning; DROP TABLE IF EXISTS \(table); \
            CREATE UNLOGGED TABLE \(table) (id int4, name text, score float8)
            """
        )
        let rows = 100
        let piece = (0..<rows).map { "\($0 + 100_000)\tname \($0)\t\(Double($0) / 2)\n" }.joined()
        let bytes = Array(piece.utf8)
        let truncate = "TRUNCATE \(table)"
        let statement = "COPY \(table) FROM STDIN"
        let query = SQLQuery(unsafeRaw: statement)
        return [
            try CWork(server, "C PQputCopyData") { peer in
                try peer.execute(truncate)
                try peer.copyIn(statement, piece, times: rowCount / rows)
                return true
            },
            try await EngineWork(server, name: "", dropping: table) { engine in
                try await engine.withConnection { connection in
                    try await connection.execute(SQLQuery(unsafeRaw: truncate))
                    let taken = try await connection.copyIn(query) { data in
                        for _ in 0..<rowCount / rows { try await data.write(bytes) }
                    }
                    return taken == rowCount
                }
            },
        ]
    }
}
