import EmbeddedPostgres
import Foundation
import Testing
import Vernal
import VernalTestKit

extension EmbeddedPooler {
    /// Runs statements on four engines while something happens, and looks afterwards that all of them work.
    ///
    /// - Returns: how many statements succeeded, and the codes of the errors.
    func underLoad(
        _ change: (inout EngineConfiguration) -> Void = { _ in },
        _ happening: () async throws -> Void
    ) async throws -> (done: Int, failures: [String]) {
        let engines = try (0..<4).map { _ in try engine(change) }
        let done = Shared(0)
        let failures = Shared<[String]>([])
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for engine in engines {
                group.addTask {
                    while !isOver.value {
                        do {
                            _ = try await engine.query("SELECT pg_sleep(0.001)")
                            done.change { $0 += 1 }
                        } catch let error as VernalError {
                            failures.change { $0.append("\(error.code): \(error)") }
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
            do {
                try await eventually("there is load") { done.value > 20 }
                try await happening()
            } catch {
                isOver.change { $0 = true }
                throw error
            }
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
        for engine in engines {
            try await expectAnswer(from: engine)
            #expect(engine.upstream.contradiction == nil)
            await engine.dispose()
        }
        return (done.value, failures.value)
    }

    /// Has two functions take turns on the one server connection that there is, and looks that neither sees anything of the
    /// other's session.
    ///
    /// How many statements they send says `VERNAL_SHARED_STATEMENTS`.
    func takeTurns(_ change: (inout EngineConfiguration) -> Void = { _ in }) async throws {
        let wanted = ProcessInfo.processInfo.environment["VERNAL_SHARED_STATEMENTS"].flatMap { Int($0) } ?? 6000
        let count = Shared(0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for name in ["one", "two"] {
                let engine = try engine {
                    $0.pinPolicy = .refuse
                    change(&$0)
                }
                group.addTask {
                    try await using(engine) { engine in
                        var backend = 0
                        var number = 0
                        while count.value < wanted {
                            number += 1
                            let turn = try await takeTurn(engine, name, number)
                            backend = turn.backend
                            count.change { $0 += turn.statements }
                        }
                        return backend
                    }
                }
            }
            var backends: Set<Int> = []
            for try await backend in group { backends.insert(backend) }
            #expect(backends.count == 1)
        }
    }
}

private func takeTurn(_ engine: Engine, _ name: String, _ number: Int) async throws -> (backend: Int, statements: Int) {
    let mine = "SELECT coalesce(current_setting('vernal.owner', true), '')"
    let before: String = try await engine.query(SQLQuery(unsafeRaw: mine)).value()
    #expect(before == "")
    // A table costs the server more than all the rest.
    let hasTable = number % 5 == 0
    let backend = try await engine.withTransaction { connection in
        _ = try await connection.query("SELECT set_config('vernal.owner', \(name), true)")
        if hasTable { try await connection.execute("CREATE TEMP TABLE mine (n int) ON COMMIT DROP") }
        let seen: String = try await connection.query(SQLQuery(unsafeRaw: mine)).value()
        #expect(seen == name)
        return try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
    }
    // What would stay in the session is not even sent.
    if number % 10 == 0 {
        await #expect(throws: VernalError.self) { try await engine.execute("SET vernal.owner = 'nobody'") }
        await #expect(throws: VernalError.self) { try await engine.execute("SELECT pg_advisory_lock(1)") }
    }
    // The question before, BEGIN, what runs in between, and COMMIT.
    return (backend, hasTable ? 7 : 6)
}

/// Expects that a pooler with room for one client is asked again by a second one until there is room.
func expectAskedAgain(_ options: PoolerOptions) async throws {
    try await withPooler(options) { pooler in
        let holder = try pooler.engine()
        _ = try await holder.query("SELECT 1")
        try await using(pooler.engine()) { engine in
            async let answer = engine.query("SELECT 1::int8").value(as: Int.self)
            try await eventually("the pooler has refused somebody") { engine.statistics.connectFailures > 0 }
            await holder.dispose()
            #expect(try await answer == 1)
        }
    }
}
