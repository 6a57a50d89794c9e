import PoolCore
import Testing

@Suite struct `A statement cache` {
    @Test func `prepares a statement when it comes for the second time`() {
        var cache = StatementCache(capacity: 4, id: 35)
        #expect(cache.willRun("SELECT 1", signature: 0) == .plain)
        #expect(cache.willRun("SELECT 1", signature: 0) == .prepare(name: "vernal_z_1", forget: []))
        #expect(cache.willRun("SELECT 1", signature: 0) == .prepared(name: "vernal_z_1"))
        #expect(cache.preparedCount == 1)
    }

    @Test func `tells long statements apart that differ in one byte, whichever that is`() {
        let bytes = Array(String(repeating: "SELECT ", count: 40).utf8)
        let texts = bytes.indices.map { index in
            var changed = bytes
            changed[index] = UInt8(ascii: "x")
            return String(decoding: changed, as: UTF8.self)
        }
        var cache = StatementCache(capacity: texts.count, id: 35)
        for text in texts { #expect(cache.willRun(text, signature: 0) == .plain) }
        for (index, text) in texts.enumerated() {
            #expect(cache.willRun(text, signature: 0) == .prepare(name: "vernal_z_\(index + 1)", forget: []))
        }
        cache.forget(texts[7])
        cache.leaveAlone(texts[8])
        for (index, text) in texts.enumerated() {
            let prepared = StatementCache.Use.prepared(name: "vernal_z_\(index + 1)")
            #expect(cache.willRun(text, signature: 0) == (index == 7 || index == 8 ? .plain : prepared))
        }
        #expect(cache.preparedCount == texts.count - 2)
    }

    @Test func `takes a statement with parameters of other types for another one`() {
        var cache = StatementCache(capacity: 4, id: 35)
        for _ in 0..<2 { _ = cache.willRun("SELECT $1", signature: 1) }
        #expect(cache.willRun("SELECT $1", signature: 2) == .plain)
        #expect(cache.willRun("SELECT $1", signature: 3) == .plain)
        #expect(cache.willRun("SELECT $1", signature: 1) == .prepared(name: "vernal_z_1"))
    }

    @Test func `gives up what was not used for the longest time, and tells the server in passing`() {
        var cache = StatementCache(capacity: 2, id: 35)
        for text in ["a", "a", "b", "b", "a"] { _ = cache.willRun(text, signature: 0) }
        #expect(cache.willRun("c", signature: 0) == .plain)
        #expect(cache.preparedCount == 1)
        #expect(cache.willRun("a", signature: 0) == .prepared(name: "vernal_z_1"))
        #expect(cache.willRun("c", signature: 0) == .prepare(name: "vernal_z_3", forget: ["vernal_z_2"]))
        // Told once.
        #expect(cache.willRun("d", signature: 0) == .plain)
        #expect(cache.willRun("d", signature: 0) == .prepare(name: "vernal_z_4", forget: ["vernal_z_1"]))
    }

    @Test func `comes to nothing without room, and leaves long statements alone`() {
        var off = StatementCache(capacity: 0, id: 35)
        for _ in 0..<3 { #expect(off.willRun("SELECT 1", signature: 0) == .plain) }
        var cache = StatementCache(capacity: 4, id: 35)
        let long = "SELECT 1 -- " + String(repeating: "x", count: 9000)
        for _ in 0..<3 { #expect(cache.willRun(long, signature: 0) == .plain) }
    }

    @Test func `waits until it may prepare, and until it may tell the server to forget`() {
        var cache = StatementCache(capacity: 1, id: 35)
        for _ in 0..<3 { #expect(cache.willRun("a", signature: 0, mayPrepare: false) == .plain) }
        #expect(cache.willRun("a", signature: 0) == .prepare(name: "vernal_z_1", forget: []))
        for _ in 0..<3 { #expect(cache.willRun("b", signature: 0, mayForget: false) == .plain) }
        #expect(cache.willRun("b", signature: 0) == .prepare(name: "vernal_z_2", forget: ["vernal_z_1"]))
    }

    @Test func `leaves alone what is not worth it, and remembers what the server was not told`() {
        var cache = StatementCache(capacity: 4, id: 35)
        for _ in 0..<2 { _ = cache.willRun("a", signature: 0) }
        cache.leaveAlone("a")
        for _ in 0..<3 { #expect(cache.willRun("a", signature: 0) == .plain) }
        cache.notForgotten(["vernal_z_9"])
        _ = cache.willRun("b", signature: 0)
        #expect(cache.willRun("b", signature: 0) == .prepare(name: "vernal_z_2", forget: ["vernal_z_9"]))
    }

    @Test func `prepares nothing new once the server has had enough that it cannot be told to forget`() {
        var cache = StatementCache(capacity: 2, id: 35)
        var names: Set<String> = []
        for text in 0..<20 {
            for _ in 0..<3 {
                if case .prepare(let name, let forget) = cache.willRun("\(text)", signature: 0, mayForget: false) {
                    names.insert(name)
                    #expect(forget == [])
                }
            }
        }
        #expect(names == ["vernal_z_1", "vernal_z_2", "vernal_z_3"])
        cache.forgetAll()
        _ = cache.willRun("a", signature: 0, mayForget: false)
        #expect(cache.willRun("a", signature: 0, mayForget: false) == .prepare(name: "vernal_z_4", forget: []))
    }

    @Test func `gives a statement up for good`() {
        var cache = StatementCache(capacity: 4, id: 35)
        for _ in 0..<2 { _ = cache.willRun("a", signature: 0) }
        cache.giveUpForGood("a")
        for _ in 0..<3 { #expect(cache.willRun("a", signature: 0) == .plain) }
        _ = cache.willRun("b", signature: 0)
        #expect(cache.willRun("b", signature: 0) == .prepare(name: "vernal_z_2", forget: ["vernal_z_1"]))
        cache.giveUpForGood("never seen")
    }

    @Test func `never uses a name twice`() {
        var cache = StatementCache(capacity: 4, id: 35)
        for _ in 0..<2 { _ = cache.willRun("a", signature: 0) }
        cache.forget("a")
        #expect(cache.willRun("a", signature: 0) == .plain)
        #expect(cache.willRun("a", signature: 0) == .prepare(name: "vernal_z_2", forget: []))
        cache.giveUp("a")
        _ = cache.willRun("a", signature: 0)
        #expect(cache.willRun("a", signature: 0) == .prepare(name: "vernal_z_3", forget: ["vernal_z_2"]))
        cache.forgetAll()
        #expect(cache.preparedCount == 0)
        _ = cache.willRun("a", signature: 0)
        #expect(cache.willRun("a", signature: 0) == .prepare(name: "vernal_z_4", forget: []))
    }
}
