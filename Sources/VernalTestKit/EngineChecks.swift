package import Vernal

extension Engine {
    /// How many leases the pool can give at the same time, up to its size: a slot that was lost is one less.
    ///
    /// All of them are held until the last one is there.
    package func leasableConnections() async throws -> Int {
        let size = configuration?.poolSize ?? 0
        let everybodyIsHere = Gate()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<size {
                group.addTask {
                    try await self.withConnection(acquireTimeout: .seconds(5)) { connection in
                        let answer = try await connection.query("SELECT 1::int8").value(as: Int.self)
                        if self.statistics.active == size { everybodyIsHere.open() }
                        await everybodyIsHere.pass()
                        return answer
                    }
                }
            }
            var answers = 0
            do {
                for try await answer in group { answers += answer }
            } catch {
                everybodyIsHere.open()
                throw error
            }
            return answers
        }
    }

    /// Whether nobody uses, makes or waits for a connection.
    package var isAtRest: Bool {
        let now = statistics
        return now.active == 0 && now.connecting == 0 && now.waiting == 0 && now.open == now.idle
    }

    /// The backend that serves the connection of a pool of one.
    package func backend() async throws -> Int {
        try await query("SELECT pg_backend_pid()::int8").value(as: Int.self)
    }

    /// Whether a backend is there, asked through this engine.
    package func sees(backend: Int) async throws -> Bool {
        try await query("SELECT count(*) FROM pg_stat_activity WHERE pid = \(backend)").value(as: Int.self) == 1
    }

    /// Ends a backend and waits until it is gone.
    package func terminate(backend: Int) async throws {
        _ = try await query("SELECT pg_terminate_backend(\(backend)::int4)")
        try await eventually("backend \(backend) is gone") { try await !self.sees(backend: backend) }
    }
}

/// Makes an engine for a test and disposes of it afterwards.
package func withEngine<R>(
    _ change: (inout EngineConfiguration) -> Void = { _ in },
    _ body: (Engine) async throws -> R
) async throws -> R {
    try await using(testEngine(change), body)
}

/// Disposes of an engine when the work with it is done.
package func using<R>(_ engine: Engine, _ body: (Engine) async throws -> R) async throws -> R {
    do {
        let executor = try TestWay.current == .ownThread ? Engine.executor : nil
        let result = try await withTaskExecutorPreference(executor) {
            try await body(engine)
        }
        await engine.dispose()
        return result
    } catch {
        await engine.dispose()
        throw error
    }
}
