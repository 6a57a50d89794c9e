import CHeapUse
import Testing
import Vernal
import VernalTestKit

/// What a function pays at most for an engine that it may never use.
private let limit = 100 * 1024

extension `On a real server` {
    @Suite struct `The memory of an engine` {
        /// Prints what a process has printed.
        private static func show(_ result: ExitTest.Result?) {
            print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
        }

        // In processes of their own, where nothing else allocates.
        @Test(.enabled(if: heap_in_use() > 0, "the allocator does not tell, as under a sanitizer"))
        func `without a connection is below 100 KiB, the first of the process with all that it shares`() async {
            let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                let configuration = try EngineConfiguration(url: TestDatabase.url)
                let before = heap_in_use()
                let first = Engine(configuration: configuration)
                let afterFirst = heap_in_use()
                let others = (0..<100).map { _ in Engine(configuration: configuration) }
                let afterAll = heap_in_use()
                print(
                    "heap of an engine: \(afterFirst - before) bytes the first, \((afterAll - afterFirst) / 100) each other"
                )
                try #require(first.statistics.open == 0)
                try #require(others.count == 100)
                try #require(afterFirst > before)
                try #require(afterFirst - before < limit)
                try #require((afterAll - afterFirst) / 100 < limit)
            }
            Self.show(result)
        }

        @Test(.enabled(if: heap_in_use() > 0, "the allocator does not tell, as under a sanitizer"))
        func `that has given its connections back does not grow with what it has done`() async {
            let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                let engine = try testEngine { $0.poolSize = 2 }
                func useAndGiveBack(_ times: Int) async throws {
                    for _ in 0..<times {
                        _ = try await backendsAtOnce(engine, 2)
                        engine.invalidateAll()
                        try #require(engine.statistics.open == 0)
                    }
                }
                // The first rounds pay for what libpq and the system keep for ever.
                try await useAndGiveBack(10)
                let before = heap_in_use()
                try await useAndGiveBack(50)
                let after = heap_in_use()
                print("heap after 100 more connections: \(Int(after) - Int(before)) bytes more")
                try #require(Int(after) - Int(before) < limit)
            }
            Self.show(result)
        }
    }
}
