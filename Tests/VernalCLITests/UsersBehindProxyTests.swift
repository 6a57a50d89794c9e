import Foundation
import LocalFunctions
import NIOHTTP1
import Testing
import Vernal
import VernalTestKit

/// The program of the example, as `Tests/run.sh` builds it.
private let usersFunction = ProcessInfo.processInfo.environment["VERNAL_USERS_FUNCTION"].flatMap {
    $0.isEmpty ? nil : $0
}

/// The example as it is deployed, under `vernal run`, with what speaks like RDS Proxy in front of its database.
@Suite(.serialized, .enabled(if: usersFunction != nil, "VERNAL_USERS_FUNCTION is not set; Tests/run.sh sets it"))
struct `users-function behind RDS Proxy` {
    private static let name = "users-behind-proxy"

    @Test func `pins nothing in 10,000 invocations, with transactions, retries, cancels and resets in play`()
        async throws
    {
        try await ScriptedUpstream.run(.rdsProxy) { upstream in
            try await withDatabase { database, direct in
                let statuses = try await withFunction(upstream, database) { port in
                    var statuses: [Int: Int] = [:]
                    for round in 0..<100 {
                        for status in try await invoke(round, port, direct) { statuses[status, default: 0] += 1 }
                    }
                    return statuses
                }
                let record = upstream.record
                #expect(statuses.values.reduce(0, +) == 10_000)
                #expect((statuses[200] ?? 0) + (statuses[201] ?? 0) > 9900, "\(statuses)")
                #expect(statuses.keys.contains { $0 >= 500 }, "no statement was given up: \(statuses)")
                #expect(record.statements > 10_000)
                #expect(record.pins == [])
                #expect(record.statementNames == [])
                #expect(record.startups.count > 4, "no connection was lost")
                #expect(record.startups.allSatisfy { $0["options"] == nil })
            }
        }
    }

    /// Runs `body` with a database of its own and an engine that goes there directly: the function's table is dropped now and then.
    private func withDatabase(_ body: (String, Engine) async throws -> Void) async throws {
        let database = "users_behind_proxy_\(Int.random(in: 0..<1_000_000_000))"
        try await withEngine { server in
            try await server.execute("CREATE DATABASE \(unsafeRaw: database)")
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await withEngine({ $0[connectionParameter: "dbname"] = database }) { direct in
                        try await body(database, direct)
                    }
                )
            } catch { result = .failure(error) }
            // What the function has left open would keep it.
            try await server.execute("DROP DATABASE \(unsafeRaw: database) WITH (FORCE)")
            try result.get()
        }
    }

    /// A hundred invocations.
    private func invoke(_ round: Int, _ port: Int, _ direct: Engine) async throws -> [Int] {
        // Without its table the function makes it in a transaction, and tries again.
        if round % 10 == 0 { _ = try await direct.execute("DROP TABLE IF EXISTS users") }
        if round % 10 == 5 {
            _ = try await direct.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \(Self.name)"
            )
        }
        var requests: [(HTTPMethod, String, Int)] = [
            (.POST, "/users", 30), (.GET, "/users/1", 40), (.GET, "/users", 10), (.GET, "/session", 10),
        ]
        // Behind RDS Proxy a statement that is given up costs its connection: nothing can be cancelled.
        requests += round % 5 == 3 ? [(.GET, "/slow?ms=5000", 1), (.GET, "/slow?ms=1", 9)] : [(.GET, "/slow?ms=1", 10)]
        var statuses: [Int] = []
        for (method, target, count) in requests {
            let request = LoadRun.Request(
                method: method,
                target: target,
                headers: method == .POST ? ["Content-Type": "application/json"] : [:],
                body: method == .POST ? Array(#"{"name":"Ada"}"#.utf8) : []
            )
            statuses += try await LoadRun.run(request, host: "127.0.0.1", port: port, count: count, clients: 4)
                .map(\.status)
        }
        return statuses
    }

    /// Runs the function with four environments, whose invocations may take 600 ms.
    private func withFunction<R>(
        _ upstream: ScriptedUpstream,
        _ database: String,
        _ body: (Int) async throws -> R
    ) async throws -> R {
        let port = try await freePort()
        var address = try #require(URLComponents(string: TestDatabase.url))
        address.host = "127.0.0.1"
        address.port = upstream.port
        address.path = "/\(database)"
        address.queryItems = [URLQueryItem(name: "application_name", value: Self.name)]
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = [
            "run", "--listen", "127.0.0.1:\(port)", "-n", "4", "--queue", "5s", "--timeout", "600ms", "--no-database",
            "--quiet", "--", usersFunction ?? "",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": address.string ?? ""]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let result: Result<R, any Error>
        do {
            try await eventually("the function's platform listens") {
                (try? await HTTPRequester.connect(host: "127.0.0.1", port: port) { _ in }) != nil
            }
            result = .success(try await body(port))
        } catch { result = .failure(error) }
        process.terminate()
        do {
            try await eventually("the function's platform has ended") { !process.isRunning }
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        return try result.get()
    }
}
