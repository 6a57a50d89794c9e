import LibpqIO
import Synchronization
import Testing
import Vernal
import VernalTestKit

private struct Unfit: Error {}

extension `On a real server` {
    @Suite struct `A hook` {
        // 156
        @Test func `that configures runs once for each connection, before anybody gets it`() async throws {
            let runs = Counter()
            var hooks = EngineHooks()
            hooks.configure = { connection in
                runs.add()
                try await connection.execute("SET application_name = 'configured'")
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                for _ in 0..<3 {
                    let name = try await engine.query("SELECT current_setting('application_name')").value(
                        as: String.self
                    )
                    #expect(name == "configured")
                }
                #expect(runs.count == 1)
                engine.invalidateAll()
                try await engine.execute("SELECT 1")
                #expect(runs.count == 2)
            }
        }

        @Test func `that configures runs again when a reset has undone it`() async throws {
            let runs = Counter()
            var hooks = EngineHooks()
            hooks.configure = { connection in
                runs.add()
                try await connection.execute("SET work_mem = '72MB'")
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                try await engine.execute("SET work_mem = '73MB'")
                let value = try await engine.query("SELECT current_setting('work_mem')").value(as: String.self)
                #expect(value == "72MB")
                #expect(runs.count == 2)
                #expect(engine.statistics.connects == 1)
            }
        }

        // 124
        @Test func `that cannot configure costs the caller an error, and the pool no place`() async throws {
            let runs = Counter()
            var hooks = EngineHooks()
            hooks.configure = { connection in
                if runs.add() == 1 { try await connection.execute("SET no_such_setting = 1") }
                if runs.count == 2 { try await connection.execute("BEGIN") }
                if runs.count == 3 { throw Unfit() }
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                let refused = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(refused?.code == .hookFailed)
                #expect(refused?.sqlState == "42704")
                #expect(refused?.message.contains("\"configure\"") == true)
                let open = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(open?.code == .hookFailed)
                let thrown = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(thrown?.underlying is Unfit)
                #expect(engine.status.open == 0)
                try await engine.execute("SELECT 1")
                #expect(engine.status.idle == 1)
            }
        }

        @Test func `that checks decides whether a connection is lent again`() async throws {
            let verdicts = Mutex<[Bool?]>([true, false, nil])
            var hooks = EngineHooks()
            hooks.check = { _ in
                let verdict = verdicts.withLock { $0.isEmpty ? true : $0.removeFirst() }
                guard let verdict else { throw Unfit() }
                return verdict
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                let first = try await engine.backend()  // New: nobody asks.
                #expect(try await engine.backend() == first)
                let second = try await engine.backend()
                #expect(second != first)
                #expect(try await engine.backend() != second)
                #expect(engine.statistics.connects == 3)
                #expect(engine.statistics.losses == 2)
            }
        }

        // 129
        @Test func `that gives credentials is asked for each connect, so that a password can rotate`() async throws {
            let role = "rotating_\(Int.random(in: 0..<1_000_000))"
            try await withEngine { admin in
                try await admin.execute(SQLQuery(unsafeRaw: "CREATE ROLE \(role) LOGIN PASSWORD 'first'"))
                let password = Mutex("first")
                var hooks = EngineHooks()
                hooks.credentials = { request in
                    #expect(request.user == role)
                    return Credentials(password: password.withLock { $0 })
                }
                let engine = try testEngine({ $0[connectionParameter: "user"] = role }, hooks)
                try await using(engine) { engine in
                    try await engine.execute("SELECT 1")
                    try await admin.execute(SQLQuery(unsafeRaw: "ALTER ROLE \(role) PASSWORD 'second'"))
                    password.withLock { $0 = "second" }
                    engine.invalidateAll()
                    try await engine.execute("SELECT 1")
                    #expect(engine.statistics.connectFailures == 0)
                }
                try await admin.execute(SQLQuery(unsafeRaw: "DROP ROLE \(role)"))
            }
        }

        @Test func `that gives cached credentials is asked for new ones when they are refused`() async throws {
            let role = "cached_\(Int.random(in: 0..<1_000_000))"
            try await withEngine { admin in
                try await admin.execute(SQLQuery(unsafeRaw: "CREATE ROLE \(role) LOGIN PASSWORD 'first'"))
                let fetches = Counter()
                let cache = CachedCredentials(for: .seconds(600)) { _ in
                    Credentials(user: role, password: fetches.add() == 1 ? "first" : "second")
                }
                var hooks = EngineHooks()
                hooks.credentials = cache.credentials
                try await using(testEngine({ _ in }, hooks)) { engine in
                    try await engine.execute("SELECT 1")
                    engine.invalidateAll()
                    try await engine.execute("SELECT 1")
                    #expect(fetches.count == 1)
                    try await admin.execute(SQLQuery(unsafeRaw: "ALTER ROLE \(role) PASSWORD 'second'"))
                    engine.invalidateAll()
                    // The caller does not notice.
                    try await engine.execute("SELECT 1")
                    #expect(fetches.count == 2)
                    #expect(engine.statistics.connectFailures == 1)
                }
                try await admin.execute(SQLQuery(unsafeRaw: "DROP ROLE \(role)"))
            }
        }

        // 125
        @Test func `that gives no credentials is the error of the caller, and never shows one`() async throws {
            var hooks = EngineHooks()
            hooks.credentials = { _ in throw Unfit() }
            try await using(testEngine({ _ in }, hooks)) { engine in
                let error = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(error?.code == .hookFailed)
                #expect(error?.underlying is Unfit)
                #expect(engine.isAtRest)
            }
            let secret = Credentials(user: "me", password: "secret")
            var dumped = ""
            dump(secret, to: &dumped)
            #expect(!dumped.contains("secret") && !"\(secret)".contains("secret"))
        }

        @Test func `that gives no credentials in time does not hold the caller for longer than his deadline`()
            async throws
        {
            var hooks = EngineHooks()
            hooks.credentials = { _ in
                try await Task.sleep(for: .seconds(3600))
                throw Unfit()
            }
            try await using(testEngine({ $0.acquireTimeout = .milliseconds(50) }, hooks)) { engine in
                let error = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(error?.code == .timedOut)
                #expect(error?.wait == .credentials)
            }
        }
    }
}

/// Counts.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { value.load(ordering: .relaxed) }

    @discardableResult
    func add() -> Int { value.add(1, ordering: .relaxed).newValue }
}
