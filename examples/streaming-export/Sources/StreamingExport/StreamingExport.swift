import Vernal
import VernalHost

/// A function that exports more rows than fit into its memory.
///
///     GET /export.csv?rows=N       as the server writes it: COPY … TO STDOUT
///     GET /export.ndjson?rows=N    row by row, one JSON object a line
///     GET /pool                    the pool's statistics
@main struct StreamingExport {
    static func main() async throws {
        _ = getEngine()
        try await FunctionHost.serve { request, context in
            switch request.pathComponents {
            case ["export.csv"]: csv(rows: rows(request))
            case ["export.ndjson"]: ndjson(rows: rows(request))
            case ["pool"]: try .json(getEngine().statistics)
            default: .text("not found\n", status: .notFound)
            }
        }
    }

    private static func rows(_ request: FunctionRequest) -> Int {
        min(max(0, request.query["rows"].flatMap { Int($0) } ?? 1000), 100_000_000)
    }

    /// What is exported; a real one would name a table.
    private static func orders(_ rows: Int) -> SQLQuery {
        SQLQuery(
            unsafeRaw: "SELECT n AS id, md5(n::text) AS token, n % 7 = 0 AS paid FROM generate_series(1, \(rows)) n"
        )
    }

    /// The client takes bytes from the socket, so the host asks for more, so the next rows are read: nothing is collected on
    /// the way, and a client that goes away ends the statement.
    private static func csv(rows: Int) -> FunctionResponse {
        .stream(headers: [.contentType: "text/csv"]) { body in
            try await getEngine().copyOut("COPY (\(orders(rows))) TO STDOUT (FORMAT csv, HEADER)") { data in
                while let chunk = try await data.next() { try await body.write(chunk) }
            }
        }
    }

    private static func ndjson(rows: Int) -> FunctionResponse {
        .stream(headers: [.contentType: "application/x-ndjson"]) { body in
            try await getEngine().stream(orders(rows), rowsAtOnce: 100) { orders in
                // A write for each line would be a system call for each line.
                var lines = ""
                while let row = try await orders.next() {
                    let (id, token, paid): (Int, String, Bool) = try row.decode()
                    lines += #"{"id":\#(id),"token":"\#(token)","paid":\#(paid)}"# + "\n"
                    if lines.utf8.count > 32 * 1024 {
                        try await body.write(lines)
                        lines.removeAll(keepingCapacity: true)
                    }
                }
                try await body.write(lines)
            }
        }
    }
}
