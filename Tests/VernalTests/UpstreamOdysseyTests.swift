import EmbeddedPostgres
import Foundation
import Testing
import Vernal
import VernalTestKit

/// The command that starts an Odyssey, as `Tests/run.sh` fetches it.
private let odyssey = ProcessInfo.processInfo.environment["VERNAL_ODYSSEY"].flatMap { $0.isEmpty ? nil : $0 }

/// The engine behind a real Odyssey.
@Suite(.serialized, .enabled(if: odyssey != nil, "VERNAL_ODYSSEY is not set; Tests/run.sh sets it"))
struct `Behind Odyssey` {
    private static func options(
        _ settings: [String: String] = [:],
        mode: String = "transaction",
        poolSize: Int = 5
    ) -> PoolerOptions {
        .odyssey(odyssey ?? "", poolMode: mode, poolSize: poolSize, settings: settings)
    }

    @Test(arguments: ["session", "transaction"])
    func `statements and transactions run in each mode, and the pooler is recognised`(mode: String) async throws {
        try await withPooler(Self.options(mode: mode)) { pooler in
            // One in five hundred of its keys looks like that of a server.
            var kinds: Set<String> = []
            for _ in 0..<3 {
                try await using(pooler.engine()) { engine in
                    try await expectAnswer(from: engine)
                    let pids = try await engine.withTransaction { connection in
                        let first = try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
                        try await connection.withTransaction { inner in try await inner.execute("SELECT 1") }
                        return [first, try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)]
                    }
                    #expect(pids[0] == pids[1])
                    let wrong = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1 / 0") }
                    #expect(wrong?.sqlState?.rawValue == "22012")
                    #expect(engine.statistics.losses == 0)
                    kinds.insert(engine.upstream.kind)
                }
            }
            #expect(kinds.contains("unknownPooler"))
        }
    }

    @Test func `a full pool fails the statement with Odyssey's own words, and the next one works`() async throws {
        try await withPooler(Self.options(["pool_timeout": "200"], poolSize: 1)) { pooler in
            try await using(pooler.engine()) { holder in
                try await using(pooler.engine()) { engine in
                    _ = try await engine.query("SELECT 1")
                    try await holder.withTransaction { connection in
                        try await connection.execute("SELECT 1")
                        let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 2") }
                        #expect(failure?.sqlState?.rawValue == "53300")
                        #expect(failure?.serverMessage?.contains("too many active clients") == true)
                        #expect(failure?.isRetryable == true)
                        #expect(engine.upstream.kind == "odyssey")
                    }
                    try await expectAnswer(from: engine)
                }
            }
        }
    }

    @Test func `a pooler without room for clients is asked again`() async throws {
        try await expectAskedAgain(Self.options(["client_max": "1"]))
    }

    @Test func `a wrong password is final`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine { $0[connectionParameter: "password"] = "wrong" }) { engine in
                let failure = await #expect(throws: VernalError.self) { try await engine.query("SELECT 1") }
                #expect(failure?.code == .authenticationFailed)
                #expect(engine.statistics.connects == 1)
            }
        }
    }

    @Test func `a statement that takes too long is cancelled`() async throws {
        try await withPooler(Self.options()) { pooler in
            try await using(pooler.engine()) { engine in
                let failure = await #expect(throws: VernalError.self) {
                    try await engine.query("SELECT pg_sleep(10)", timeout: .milliseconds(100))
                }
                #expect(failure?.code == .timedOut)
                try await expectAnswer(from: engine)
            }
        }
    }

    /// Odyssey prepares for its clients from 1.5 on, unless it is told not to.
    @Test func `prepared statements are used once it is said that they are kept`() async throws {
        try await withPooler(Self.options(poolSize: 2)) { pooler in
            let engine = try pooler.engine {
                $0.upstream = .odyssey.keepingPreparedStatements()
                $0.statementCacheSize = 64
            }
            try await using(engine) { engine in
                try await using(pooler.engine()) { holder in
                    for number in 0..<20 {
                        let answer = try await engine.query("SELECT \(number)::int8 + 1").value(as: Int.self)
                        #expect(answer == number + 1)
                        guard number % 5 == 4 else { continue }
                        // On the other server connection nobody has prepared it yet.
                        try await holder.withTransaction { connection in
                            _ = try await connection.query("SELECT 1")
                            _ = try await engine.query("SELECT \(number)::int8 + 1")
                        }
                    }
                    let count = try await engine.query("SELECT count(*) FROM pg_prepared_statements").value(
                        as: Int.self
                    )
                    #expect(count > 0)
                    #expect(engine.upstream.contradiction == nil)
                    #expect(engine.statistics.losses == 0)
                }
            }
        }
    }

    @Test func `a restart under load costs what was under way, and nothing else`() async throws {
        try await withPooler(Self.options(poolSize: 2)) { pooler in
            let (done, failures) = try await pooler.underLoad {
                try await pooler.restart(.kill)
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(done > 0)
            for failure in failures {
                #expect(["connectionLost", "connectFailed"].contains { failure.hasPrefix($0) }, "\(failure)")
            }
        }
    }
}
