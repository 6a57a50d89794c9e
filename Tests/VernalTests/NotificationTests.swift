import EmbeddedPostgres
import Testing
import Vernal
import VernalTestKit

private struct Ended: Error {}

/// A channel that no other test uses, with a name that only quotes can say, some of which Swift takes for other characters.
private func newChannel() -> String { "Orders \"\u{301}\(UInt32.random(in: 0...UInt32.max))\u{600}\"" }

extension Engine {
    fileprivate func notify(_ channel: String, _ payload: String) async throws {
        try await execute("SELECT pg_notify(\(channel), \(payload))")
    }

    /// The channels to which the session listens that is lent next.
    fileprivate func channels() async throws -> [String] {
        try await query("SELECT pg_listening_channels()").decode(String.self)
    }
}

extension `On a real server` {
    @Suite struct `A notification` {
        @Test func `arrives with its channel, its payload and its sender, in order`() async throws {
            let (one, other) = (newChannel(), newChannel())
            try await withEngine { sender in
                let senderPID = try await sender.backend()
                try await withEngine { engine in
                    try await engine.listen(to: [one, other]) { notifications in
                        try await sender.notify(one, "first")
                        try await sender.notify(other, "")
                        try await sender.notify(one, "Łódź 🐘")
                        let expected = [(one, "first"), (other, ""), (one, "Łódź 🐘")]
                        for (channel, payload) in expected {
                            let notification = try #require(try await notifications.next())
                            #expect(notification.channel == channel)
                            #expect(notification.payload == payload)
                            #expect(notification.senderPID == senderPID)
                        }
                    }
                    #expect(engine.isAtRest && engine.statistics.connects == 1)
                }
            }
        }

        @Test func `of before the closure or of another channel does not arrive`() async throws {
            let channel = newChannel()
            try await withEngine { sender in
                try await withEngine { engine in
                    try await sender.notify(channel, "too early")
                    try await engine.listen(to: [channel]) { notifications in
                        try await sender.notify(channel.lowercased(), "elsewhere")
                        try await sender.notify(channel, "now")
                        #expect(try await notifications.next()?.payload == "now")
                        #expect(try await notifications.next(within: .milliseconds(20)) == nil)
                        let isOver = notifications.isOver
                        #expect(!isOver)
                    }
                }
            }
        }

        @Test func `that arrives during a statement is kept`() async throws {
            let channel = newChannel()
            try await withEngine { sender in
                try await withEngine { engine in
                    try await engine.listen(to: [channel]) { notifications in
                        let answer = try await notifications.withConnection { connection in
                            try await sender.notify(channel, "kept")
                            return try await connection.query("SELECT 42").value(as: Int.self)
                        }
                        #expect(answer == 42)
                        #expect(try await notifications.next(within: .seconds(5))?.payload == "kept")
                        // Its own, too.
                        try await notifications.withConnection { connection in
                            try await connection.withTransaction { connection in
                                try await connection.execute("SELECT pg_notify(\(channel), 'mine')")
                            }
                        }
                        #expect(try await notifications.next()?.payload == "mine")
                    }
                }
            }
        }

        @Test func `that wakes a sleeper comes at once`() async throws {
            let channel = newChannel()
            try await withEngine { sender in
                try await withEngine { engine in
                    let isListening = Gate()
                    let listener = Task {
                        try await engine.listen(to: [channel]) { notifications in
                            isListening.open()
                            return try await notifications.next(within: .seconds(10))?.payload
                        }
                    }
                    await isListening.pass()
                    // Long enough for it to be asleep.
                    try await Task.sleep(for: .milliseconds(50))
                    let took = try await time {
                        try await sender.notify(channel, "awake")
                        let payload = try await listener.value
                        #expect(payload == "awake")
                    }
                    #expect(took < .seconds(2))
                }
            }
        }

        @Test func `shows its channel and never its payload`() async throws {
            let channel = newChannel()
            try await withEngine { engine in
                try await engine.listen(to: [channel]) { notifications in
                    try await notifications.withConnection { connection in
                        try await connection.execute("SELECT pg_notify(\(channel), 'a secret')")
                    }
                    let notification = try #require(try await notifications.next())
                    var dumped = ""
                    dump(notification, to: &dumped)
                    #expect(!"\(notification) \(dumped)".contains("secret"))
                    #expect("\(notification)".contains(channel))
                }
            }
        }
    }

    @Suite struct `Listening` {
        // MARK: Its end

        @Test func `ends when its time is over, which is no error`() async throws {
            try await withEngine { engine in
                let took = try await time {
                    try await engine.listen(to: [newChannel()], timeout: .milliseconds(100)) { notifications in
                        let none = try await notifications.next()
                        let isOver = notifications.isOver
                        #expect(none == nil && isOver)
                        let stillNone = try await notifications.next(within: .seconds(10))
                        #expect(stillNone == nil)
                    }
                }
                #expect(took >= .milliseconds(100) && took < .seconds(2))
                let backend = try await engine.backend()
                #expect(try await engine.backend() == backend)
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `ends before the invocation does`() async throws {
            try await withEngine { engine in
                try await engine.execute("SELECT 1")
                try await within(.milliseconds(450)) {
                    let took = try await time {
                        try await engine.listen(to: [newChannel()]) { notifications in
                            let none = try await notifications.next()
                            #expect(none == nil)
                        }
                    }
                    #expect(took < .milliseconds(400))
                }
                #expect(engine.isAtRest && engine.statistics.losses == 0)
            }
        }

        @Test func `ends with its task, and the connection is used on`() async throws {
            let channel = newChannel()
            try await withEngine { engine in
                let isListening = Gate()
                let listener = Task {
                    try await engine.listen(to: [channel]) { notifications in
                        isListening.open()
                        _ = try await notifications.next()
                    }
                }
                await isListening.pass()
                listener.cancel()
                let error = await #expect(throws: VernalError.self) { try await listener.value }
                #expect(error?.code == .cancelled)
                let channels = try await engine.channels()
                #expect(channels == [])
                #expect(engine.statistics.connects == 1)
            }
        }

        // MARK: The next caller

        @Test(arguments: [ResetPolicy.automatic, .rollbackOnly, .custom("SELECT 1")])
        func `leaves nothing to the next caller, whatever is done on return`(policy: ResetPolicy) async throws {
            let (channel, other) = (newChannel(), newChannel())
            try await withEngine({ $0.resetPolicy = policy }) { engine in
                let backend = try await engine.backend()
                await #expect(throws: Ended.self) {
                    try await engine.listen(to: [channel, other]) { notifications in
                        try await notifications.withConnection { connection in
                            try await connection.execute("SELECT pg_notify(\(channel), 'unread')")
                        }
                        throw Ended()
                    }
                }
                #expect(try await engine.channels() == [])
                try await engine.listen(to: [other]) { notifications in
                    let none = try await notifications.next(within: .milliseconds(20))
                    #expect(none == nil)
                }
                #expect(try await engine.backend() == backend)
                if policy == .automatic { #expect(engine.statistics.resets == 0) }
            }
        }

        @Test func `leaves nothing when a transaction was left open`() async throws {
            try await withEngine({ $0.resetPolicy = .rollbackOnly }) { engine in
                try await engine.listen(to: [newChannel()]) { notifications in
                    try await notifications.withConnection { connection in _ = try await connection.execute("BEGIN") }
                    let error = await #expect(throws: VernalError.self) { try await notifications.next() }
                    #expect(error?.code == .misuse)
                }
                let channels = try await engine.channels()
                #expect(channels == [])
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `that the server does not confirm to be over costs the connection`() async throws {
            try await FaultProxy.run { proxy in
                let engine = try proxy.engine {
                    $0.resetPolicy = .rollbackOnly
                    $0.rollbackTimeout = .milliseconds(100)
                }
                try await using(engine) { engine in
                    let backend = try await engine.backend()
                    proxy.when(clientSends: "UNLISTEN", .discard)
                    try await engine.listen(to: [newChannel()]) { _ in }
                    #expect(try await engine.backend() != backend)
                    #expect(try await engine.channels() == [])
                }
            }
        }

        // MARK: When it fails

        @Test func `is refused where nothing could arrive, and for what is no name`() async throws {
            try await withEngine { engine in
                func code(
                    _ body: (inout PostgresConnection) async throws -> Void
                ) async -> VernalError.Code? {
                    await #expect(throws: VernalError.self) { try await engine.withConnection(body) }?.code
                }
                let inTransaction = await code { connection in
                    try await connection.withTransaction { try await $0.listen(to: ["a"]) { _ in } }
                }
                #expect(inTransaction == .misuse)
                let twice = await code { connection in
                    try await connection.listen(to: ["a"]) { notifications in
                        try await notifications.withConnection { try await $0.listen(to: ["b"]) { _ in } }
                    }
                }
                #expect(twice == .misuse)
                for names in [[], [""], ["a", "b\0"], [String(repeating: "ä", count: 32)]] {
                    let refused = await code { try await $0.listen(to: names) { _ in } }
                    #expect(refused == .invalidParameter)
                }
                let channels = try await engine.channels()
                #expect(channels == [])
                #expect(engine.statistics.connects == 1)
            }
        }

        @Test func `tells of a connection that the server ended, after what had arrived`() async throws {
            let channel = newChannel()
            try await withEngine { admin in
                try await withEngine { engine in
                    let backend = try await engine.backend()
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.listen(to: [channel]) { notifications in
                            try await admin.notify(channel, "last words")
                            try await admin.terminate(backend: backend)
                            #expect(try await notifications.next()?.payload == "last words")
                            _ = try await notifications.next()
                        }
                    }
                    #expect(error?.code == .connectionLost)
                    #expect(error?.sqlState == "57P01")
                    #expect(try await engine.backend() != backend)
                }
            }
        }

        // What is in between is asked for once; the answer may still be on its way when the next one listens.
        @Test func `begins in several tasks at once before it is known what is in between`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.poolSize = 4 }) { engine in
                    proxy.mode = .latency(.milliseconds(20))
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<4 {
                            group.addTask {
                                try await engine.listen(to: [newChannel()], timeout: .milliseconds(10)) { _ in }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        }

        @Test func `begins although the first who asked what is in between had to leave`() async throws {
            try await FaultProxy.run { proxy in
                let engine = try proxy.engine {
                    $0.cancelTimeout = .milliseconds(50)
                    $0.rollbackTimeout = .milliseconds(50)
                }
                try await using(engine) { engine in
                    try await expectAnswer(from: engine)
                    proxy.mode = .drop
                    let first = Task { try await engine.listen(to: ["a"]) { _ in Issue.record("it listens") } }
                    try await Task.sleep(for: .milliseconds(50))
                    first.cancel()
                    let error = await #expect(throws: VernalError.self) { try await first.value }
                    #expect(error?.code == .cancelled)
                    proxy.mode = .forward
                    try await engine.listen(to: [newChannel()]) { _ in }
                }
            }
        }

        @Test func `finds out in silence that the server has vanished`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.rollbackTimeout = .milliseconds(100) }) { engine in
                    let took = await time {
                        let error = await #expect(throws: VernalError.self) {
                            try await engine.listen(to: [newChannel()]) { notifications in
                                #expect(try await notifications.next(within: .milliseconds(20)) == nil)
                                proxy.mode = .drop
                                _ = try await notifications.next(within: .milliseconds(20))
                            }
                        }
                        #expect(error?.code == .connectionLost)
                        #expect(error?.message.contains("no sign of life") == true)
                    }
                    #expect(took < .seconds(2))
                    proxy.mode = .forward
                    try await expectAnswer(from: engine)
                    #expect(engine.statistics.connects == 2)
                }
            }
        }
    }
}

/// `LISTEN` where a session is shared.
@Suite(.serialized) struct `Listening behind a pooler` {
    @Test func `is refused in transaction mode, where nothing would arrive`() async throws {
        try await withPooler(.pgbouncer("transaction", poolSize: 1)) { pooler in
            for isKnown in [true, false] {
                let engine = try pooler.engine { if isKnown { $0.upstream = .pgbouncer } }
                try await using(engine) { engine in
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.listen(to: ["orders"]) { _ in Issue.record("it listens") }
                    }
                    #expect(error?.code == .misuse)
                    #expect(error?.message.contains("direct connection") == true)
                    let channels = try await engine.query("SELECT pg_listening_channels()")
                    #expect(channels.isEmpty)
                }
            }
        }
    }

    @Test func `works in session mode`() async throws {
        let channel = newChannel()
        try await withEngine { sender in
            try await withPooler(.pgbouncer("session")) { pooler in
                let engine = try pooler.engine { $0.upstream = .pgbouncer.pooling(.session) }
                try await using(engine) { engine in
                    try await engine.listen(to: [channel]) { notifications in
                        try await sender.notify(channel, "hello")
                        #expect(try await notifications.next(within: .seconds(5))?.payload == "hello")
                    }
                }
            }
        }
    }

    @Test func `pins RDS Proxy, which is reported, or refused`() async throws {
        for policy in [PinPolicy.warn, .refuse] {
            try await ScriptedUpstream.run(.rdsProxy) { upstream in
                let reports = Shared(0)
                var hooks = EngineHooks()
                hooks.onEvent = { event in if event.kind == .pinned { reports.change { $0 += 1 } } }
                let port = String(upstream.port)
                let engine = try testEngine(
                    {
                        $0[connectionParameter: "host"] = "127.0.0.1"
                        $0[connectionParameter: "port"] = port
                        $0.pinPolicy = policy
                    },
                    hooks
                )
                try await using(engine) { engine in
                    do {
                        try await engine.listen(to: ["orders"]) { _ in }
                        #expect(policy == .warn)
                    } catch let error as VernalError {
                        #expect(policy == .refuse && error.code == .misuse)
                    }
                }
                #expect(reports.value == 1)
                #expect(upstream.record.pins.isEmpty == (policy == .refuse))
            }
        }
    }
}
