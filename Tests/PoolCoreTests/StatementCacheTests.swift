import PoolCore
import Testing

@Suite struct `A statement cache` {
    private static let none: [UInt32] = []

    @Test func `prepares a statement when it comes for the second time`() {
        var cache = StatementCache(capacity: 4)
        #expect(cache.willRun("SELECT 1", types: Self.none) == .plain)
        #expect(cache.willRun("SELECT 1", types: Self.none) == .prepare(name: "vernal_1", forget: []))
        #expect(cache.willRun("SELECT 1", types: Self.none) == .prepared(name: "vernal_1"))
        #expect(cache.preparedCount == 1)
    }

    @Test func `takes a statement with parameters of other types for another one`() {
        var cache = StatementCache(capacity: 4)
        for _ in 0..<2 { _ = cache.willRun("SELECT $1", types: [23]) }
        #expect(cache.willRun("SELECT $1", types: [25]) == .plain)
        #expect(cache.willRun("SELECT $1", types: [23, 23]) == .plain)
        #expect(cache.willRun("SELECT $1", types: [23]) == .prepared(name: "vernal_1"))
    }

    @Test func `gives up what was not used for the longest time, and tells the server in passing`() {
        var cache = StatementCache(capacity: 2)
        for text in ["a", "a", "b", "b", "a"] { _ = cache.willRun(text, types: Self.none) }
        #expect(cache.willRun("c", types: Self.none) == .plain)
        #expect(cache.preparedCount == 1)
        #expect(cache.willRun("a", types: Self.none) == .prepared(name: "vernal_1"))
        #expect(cache.willRun("c", types: Self.none) == .prepare(name: "vernal_3", forget: ["vernal_2"]))
        // Told once.
        #expect(cache.willRun("d", types: Self.none) == .plain)
        #expect(cache.willRun("d", types: Self.none) == .prepare(name: "vernal_4", forget: ["vernal_1"]))
    }

    @Test func `comes to nothing without room, and leaves long statements alone`() {
        var off = StatementCache(capacity: 0)
        for _ in 0..<3 { #expect(off.willRun("SELECT 1", types: Self.none) == .plain) }
        var cache = StatementCache(capacity: 4)
        let long = "SELECT 1 -- " + String(repeating: "x", count: 9000)
        for _ in 0..<3 { #expect(cache.willRun(long, types: Self.none) == .plain) }
    }

    @Test func `waits until it may prepare, and until it may tell the server to forget`() {
        var cache = StatementCache(capacity: 1)
        for _ in 0..<3 { #expect(cache.willRun("a", types: Self.none, mayPrepare: false) == .plain) }
        #expect(cache.willRun("a", types: Self.none) == .prepare(name: "vernal_1", forget: []))
        #expect(cache.willRun("b", types: Self.none) == .plain)
        #expect(cache.willRun("b", types: Self.none, mayForget: false) == .prepare(name: "vernal_2", forget: []))
        #expect(cache.willRun("c", types: Self.none) == .plain)
        #expect(cache.willRun("c", types: Self.none) == .prepare(name: "vernal_3", forget: ["vernal_1", "vernal_2"]))
    }

    @Test func `never uses a name twice`() {
        var cache = StatementCache(capacity: 4)
        for _ in 0..<2 { _ = cache.willRun("a", types: Self.none) }
        cache.forget("a")
        #expect(cache.willRun("a", types: Self.none) == .plain)
        #expect(cache.willRun("a", types: Self.none) == .prepare(name: "vernal_2", forget: []))
        cache.giveUp("a")
        _ = cache.willRun("a", types: Self.none)
        #expect(cache.willRun("a", types: Self.none) == .prepare(name: "vernal_3", forget: ["vernal_2"]))
        cache.forgetAll()
        #expect(cache.preparedCount == 0)
        _ = cache.willRun("a", types: Self.none)
        #expect(cache.willRun("a", types: Self.none) == .prepare(name: "vernal_4", forget: []))
    }
}
