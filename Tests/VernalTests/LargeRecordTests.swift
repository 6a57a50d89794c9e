import Foundation
import Subprocess
import Testing
import Vernal
import VernalTestKit

/// What comes through a proxy that sends larger records than PostgreSQL does.
///
/// libpq reads what its buffer has room for, at least 8 KiB: that is a record of PostgreSQL's, and half of the largest that TLS
/// allows. The other half lies in the TLS library then, where no wait for the socket sees it.
@Suite(.timeLimit(.minutes(3))) struct `TLS records as large as they may be` {
    @Test func `are read to the end of the answer, wherever in them it is`() async throws {
        try await withRelay { engine in
            // Rows of half a buffer, so that a part of one is mostly left in it, and a last one that moves the end.
            for size in stride(from: 0, to: 16_384, by: 256) {
                let rows = try await engine.query(
                    """
                    SELECT repeat('x', 4000) FROM generate_series(1, 12)
                    UNION ALL SELECT repeat('y', \(size)::int4)
                    """,
                    timeout: .seconds(5)
                )
                #expect(rows.count == 13)
            }
        }
    }

    @Test func `are read to the end of a copy, a stream and a pipeline`() async throws {
        try await withRelay { engine in
            for size in stride(from: 0, to: 16_384, by: 4096) {
                let statement: SQLQuery = """
                    SELECT repeat('x', 4000) FROM generate_series(1, 12)
                    UNION ALL SELECT repeat('y', \(unsafeRaw: String(size)))
                    """
                let copied = try await engine.copyOut("COPY (\(statement)) TO STDOUT", timeout: .seconds(5)) { data in
                    var count = 0
                    while let chunk = try await data.next() { count += chunk.count }
                    return count
                }
                #expect(copied == 12 * 4001 + size + 1)
                let streamed = try await engine.stream(statement, timeout: .seconds(5)) { rows in
                    var count = 0
                    while try await rows.next() != nil { count += 1 }
                    return count
                }
                #expect(streamed == 13)
                let results = try await engine.pipeline(timeout: .seconds(5)) {
                    statement
                    statement
                }
                #expect(results.map(\.count) == [13, 13])
            }
        }
    }

    private func withRelay(_ body: (Engine) async throws -> Void) async throws {
        let server = try EngineConfiguration(url: TestDatabase.url)
        let host = server[connectionParameter: "host"] ?? "127.0.0.1"
        let port = server[connectionParameter: "port"] ?? "5432"
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "support/tls-relay.py").path
        _ = try await Subprocess.run(
            .name("python3"),
            arguments: [script, host, port],
            input: .inputWriter,
            output: .sequence,
            error: .discarded
        ) { relay in
            var lines = relay.standardOutput.strings().makeAsyncIterator()
            let ownPort = try #require(try await lines.next()).trimmingCharacters(in: .whitespacesAndNewlines)
            let engine = try testEngine { configuration in
                configuration[connectionParameter: "host"] = "127.0.0.1"
                configuration[connectionParameter: "port"] = ownPort
                configuration[connectionParameter: "sslmode"] = "require"
                configuration.upstream = .direct
            }
            try await using(engine, body)
            try await relay.standardInputWriter.finish()
        }
    }
}
