import InvocationLifecycle
import LibpqIO
import Logging
import Synchronization
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `What happens in an engine` {
        // 155
        @Test func `is told in its order`() async throws {
            let log = EventLog()
            try await using(testEngine({ _ in }, log.hooks)) { engine in
                try await engine.execute("SELECT 1")
                try await engine.execute("SET work_mem = '70MB'")
                engine.invalidateAll()
                #expect(
                    log.all.map(\.kind).filter { $0 != .upstreamFound } == [
                        .connected, .acquired, .released, .acquired, .reset, .released, .evicted, .invalidated,
                    ]
                )
                let acquired = try #require(log.events(.acquired).first)
                #expect(acquired.callSite?.fileID == "VernalTests/EventTests.swift")
                #expect(acquired.epoch == 1)
                #expect(try #require(acquired.duration) > .zero)
                #expect(log.events(.evicted).first?.reason == "invalidated")
            }
        }

        @Test func `is told of those who get no connection, too`() async throws {
            let log = EventLog()
            let unreachable = try testEngine(
                {
                    $0[connectionParameter: "host"] = "127.0.0.1"
                    $0[connectionParameter: "port"] = "1"
                },
                log.hooks
            )
            try await using(unreachable) { engine in
                await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
                #expect(log.all.map(\.kind) == [.connectFailed, .acquireFailed])
                #expect(log.all.allSatisfy { $0.error?.code == .connectFailed })
            }
        }

        @Test func `comes as a sequence that ends with the engine`() async throws {
            let engine = try testEngine()
            let events = engine.events
            try await engine.execute("SELECT 1")
            await engine.dispose()
            var kinds: [EngineEvent.Kind] = []
            for await event in events where event.kind != .upstreamFound { kinds.append(event.kind) }
            #expect(kinds == [.connected, .acquired, .released, .evicted])
        }

        @Test func `is written to the log when an operator wants to know it, with a message that never varies`()
            async throws
        {
            let lines = Mutex<[(level: Logger.Level, message: String, metadata: Logger.Metadata)]>([])
            var hooks = EngineHooks()
            hooks.logger = Logger(label: "test") { _ in
                RecordingHandler { level, message, metadata in lines.withLock { $0.append((level, message, metadata)) }
                }
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                try await engine.withConnection { _ in await engine.participant.willFreeze() }
            }
            let written = lines.withLock { $0 }
            #expect(written.map(\.level) == [.warning, .notice])
            #expect(written.first?.message == "a connection is held for too long")
            let borrower = "\(written.first?.metadata["borrower"] ?? "")"
            #expect(borrower.hasPrefix("VernalTests/EventTests.swift:"))
        }

        @Test func `says once that connects are not admitted by anybody, and once that they are again`() async throws {
            let log = EventLog()
            let lines = Mutex<[(level: Logger.Level, message: String)]>([])
            var hooks = log.hooks
            hooks.logger = Logger(label: "test") { _ in
                RecordingHandler { level, message, _ in lines.withLock { $0.append((level, message)) } }
            }
            let porter = Porter()
            try await using(testEngine({ $0.connectAdmission = porter }, hooks)) { engine in
                for _ in 0..<3 {
                    try await engine.execute("SELECT 1")
                    engine.invalidateAll()
                }
                #expect(log.events(.admissionUnanswered).map(\.reason) == ["asleep"])
                porter.isAwake.store(true, ordering: .relaxed)
                // Whoever does not answer is asked again after a while.
                try await eventually("the porter is asked again") {
                    try await engine.execute("SELECT 1")
                    engine.invalidateAll()
                    return log.events(.admissionAnswered).count == 1
                }
            }
            #expect(log.events(.admissionUnanswered).count == 1)
            let written = lines.withLock { $0 }
            #expect(written.map(\.level) == [.warning, .notice])
            #expect(written.first?.message == "connect admission does not answer, connects go on without it")
        }

        @Test func `is counted and timed`() async throws {
            try await withEngine { engine in
                for _ in 0..<10 { try await engine.execute("SELECT 1") }
                try await engine.execute("SELECT pg_sleep(0.05)")
                let statistics = engine.statistics
                #expect(statistics.acquireTime.count == 11)
                #expect(statistics.useTime.count == 11)
                #expect(statistics.connectTime.count == 1)
                #expect(statistics.connectTime.p50Seconds > 0.0001)
                #expect(statistics.useTime.maxSeconds >= 0.05)
                #expect(statistics.useTime.p50Seconds < 0.05)
                // Only the first had to wait, for its connect.
                #expect(statistics.acquireTime.p50Seconds < statistics.connectTime.p50Seconds)
                #expect(statistics.acquireTime.maxSeconds >= statistics.connectTime.p50Seconds * 0.9)
                let status = engine.status
                #expect(status.size == 1 && status.limit == 1 && status.idle == 1 && status.saturation == 0)
            }
        }

        @Test func `can be read by Prometheus`() async throws {
            try await withEngine { engine in
                for _ in 0..<3 { try await engine.execute("SELECT 1") }
                let lines = engine.statistics.prometheusText(pool: "a\"b").split(separator: "\n").map(String.init)
                #expect(lines.contains(#"db_client_connection_count{pool="a\"b",state="idle"} 1"#))
                #expect(lines.contains(#"vernal_acquires_total{pool="a\"b"} 3"#))
                #expect(lines.contains(#"db_client_connection_use_time_seconds_count{pool="a\"b"} 3"#))
                // Each family is announced once, before its samples, which are a name, labels and a number.
                let families = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
                #expect(Set(families).count == families.count)
                for line in lines where !line.hasPrefix("#") {
                    #expect(families.contains { line.hasPrefix($0) })
                    #expect(Double(line.split(separator: " ").last ?? "") != nil)
                }
            }
        }

        @Test func `shows in the status while connections are in use`() async throws {
            try await withEngine {
                $0.poolSize = 1
                $0.maxOverflow = 1
            } _: { engine in
                try await engine.withConnection { _ in
                    try await engine.withConnection { _ in
                        engine.invalidateAll()
                        let status = engine.status
                        #expect(status.active == 2 && status.overflow == 1 && status.invalid == 2)
                        #expect(status.saturation == 1)
                    }
                }
                #expect(engine.status.open == 0)
                #expect(engine.statistics.evictions.invalidated == 2)
            }
        }

        @Test func `raises an alert when connects fail`() async throws {
            let log = EventLog()
            let unreachable = try testEngine(
                {
                    $0[connectionParameter: "host"] = "127.0.0.1"
                    $0[connectionParameter: "port"] = "1"
                    $0.alertThresholds.connectFailures = 1
                    $0.alertThresholds.interval = .nanoseconds(1)
                    $0.breakerThreshold = nil
                },
                log.hooks
            )
            try await using(unreachable) { engine in
                for _ in 0..<3 { _ = try? await engine.execute("SELECT 1") }
            }
            #expect(log.events(.alertRaised).map(\.reason) == ["connectFailures"])
        }
    }
}

/// Lets everybody in as soon as he is awake.
private final class Porter: ConnectAdmission {
    let isAwake = Atomic<Bool>(false)

    private struct Asleep: Error, CustomStringConvertible {
        let description = "asleep"
    }

    func connectRequested(until deadline: ContinuousClock.Instant) async throws -> ConnectAdmissionAnswer {
        guard isAwake.load(ordering: .relaxed) else { throw Asleep() }
        return .admitted(after: .zero, nil)
    }
}

private struct RecordingHandler: LogHandler {
    let write: @Sendable (Logger.Level, String, Logger.Metadata) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(_ write: @escaping @Sendable (Logger.Level, String, Logger.Metadata) -> Void) {
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        write(event.level, "\(event.message)", event.metadata ?? [:])
    }
}
