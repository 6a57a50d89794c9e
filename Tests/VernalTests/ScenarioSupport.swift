import InvocationLifecycle
import Vernal
import VernalTestKit

/// A pool of one whose connection is held until the test lets go of it.
func holding(
    _ engine: Engine,
    _ body: (_ release: @escaping @Sendable () async throws -> Void) async throws -> Void
) async throws {
    let letGo = Gate()
    let isHeld = Gate()
    let holder = Task {
        try await engine.withConnection { _ in
            isHeld.open()
            await letGo.pass()
        }
        // A holder that fails to get the connection must not leave the test waiting.
    }
    let watcher = Task {
        if case .failure = await holder.result { isHeld.open() }
    }
    await isHeld.pass()
    do {
        try await body {
            letGo.open()
            try await holder.value
        }
    } catch {
        letGo.open()
        throw error
    }
    letGo.open()
    try await holder.value
    await watcher.value
}

/// The backends of as many leases as the pool can give at the same time, the first lease first.
func backendsAtOnce(_ engine: Engine, _ count: Int) async throws -> [Int] {
    guard count > 0 else { return [] }
    return try await engine.withConnection { connection in
        let backend = try await connection.query("SELECT pg_backend_pid()::int8").value(as: Int.self)
        return try await [backend] + backendsAtOnce(engine, count - 1)
    }
}

extension FaultProxy {
    /// Refuses every connect as a server does, with this SQLSTATE; `nil` takes them again.
    func refuse(with sqlState: String?) {
        // Part of each startup packet.
        whenever(
            clientSends: "client_encoding",
            sqlState.map { .answerThenClose(ServerSays.error($0, "not now, says the proxy")) }
        )
    }
}

/// Runs a closure as an invocation with that much time left.
func within<R>(_ limit: Duration, _ body: () async throws -> R) async throws -> R {
    try await InvocationDeadline.$bound.withValue(InvocationDeadline(.now + limit)) { try await body() }
}
