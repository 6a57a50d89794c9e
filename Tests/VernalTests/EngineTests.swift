import Testing
import Vernal
import VernalTestKit

@Suite struct `An engine` {
    @Test func `opens nothing before it is needed, and exactly one connection then`() async throws {
        let engine = try testEngine()
        #expect(engine.statistics.open == 0)
        let answer = try await engine.query("SELECT 40 + \(2)").value(as: Int.self)
        #expect(answer == 42)
        #expect(engine.statistics.open == 1)
        #expect(engine.statistics.connects == 1)
        await engine.dispose()
    }

    @Test func `uses the same connection again`() async throws {
        let engine = try testEngine()
        var backends: Set<Int> = []
        for _ in 0..<1000 {
            backends.insert(try await engine.query("SELECT pg_backend_pid()::int8").value(as: Int.self))
        }
        #expect(backends.count == 1)
        #expect(engine.statistics.connects == 1)
        await engine.dispose()
    }
}
