import Testing
import Vernal
import VernalTestKit

#if Metrics
import CoreMetrics
import MetricsTestKit
#endif
#if Tracing
import InMemoryTracing
import Instrumentation
import Tracing
#endif
#if ServiceLifecycle
import Logging
import ServiceLifecycle
#endif

// What is off by default; `Tests/run.sh` turns it on.

#if Metrics
extension `On a real server` {
    @Suite(.serialized) struct `The metrics of an engine` {
        private static let registry: TestMetrics = {
            let registry = TestMetrics()
            MetricsSystem.bootstrap(registry)
            return registry
        }()

        @Test func `have the names that OpenTelemetry gives them, and true values`() async throws {
            let registry = Self.registry
            registry.reset()
            try await withEngine { engine in
                try await engine.execute("SELECT 1")
                try await engine.withConnection { _ in
                    let used = registry.meters(label: "db.client.connection.count").compactMap { meter in
                        meter.dimensions.contains { $0.1 == "used" } ? meter.lastValue : nil
                    }
                    #expect(used == [1])
                }
            }
            let idle = registry.meters(label: "db.client.connection.count").compactMap { meter in
                meter.dimensions.contains { $0.1 == "idle" } ? meter.values : nil
            }
            #expect(idle.flatMap(\.self).contains(1))
            #expect(registry.timers(label: "db.client.connection.create_time").first?.values.count == 1)
            #expect(registry.timers(label: "db.client.connection.wait_time").first?.values.count == 2)
            #expect(registry.timers(label: "db.client.connection.use_time").first?.values.count == 2)
            #expect(registry.meters(label: "db.client.connection.max").first?.lastValue == 1)
        }

        @Test func `count who got no connection in time`() async throws {
            let registry = Self.registry
            registry.reset()
            try await withEngine { engine in
                try await engine.withConnection { _ in
                    _ = try? await Task.detached {
                        try await engine.withConnection(acquireTimeout: .milliseconds(10)) { _ in }
                    }.value
                }
            }
            #expect(registry.counterTotal(label: "db.client.connection.timeouts") == 1)
        }
    }
}
#endif

#if Tracing
extension `On a real server` {
    @Suite(.serialized) struct `The spans of an engine` {
        @Test func `are those of acquire, connect and query, without a parameter`() async throws {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            try await withEngine { engine in
                _ = try await engine.query("SELECT \("secret")")
                await #expect(throws: VernalError.self) { try await engine.query("SELECT 1/0") }
            }
            let spans = tracer.finishedSpans
            #expect(spans.map(\.operationName) == ["connect", "acquire", "query", "acquire", "query"])
            #expect(spans[2].attributes.get("db.query.text") == .string("SELECT $1"))
            #expect(spans[4].attributes.get("db.response.status_code") == .string("22012"))
            #expect(!"\(spans)".contains("secret"))
        }
    }
}
#endif

#if ServiceLifecycle
extension `On a real server` {
    @Suite struct `An engine in a service group` {
        @Test func `is disposed of when the group shuts down`() async throws {
            let engine = try testEngine()
            try await engine.execute("SELECT 1")
            let group = ServiceGroup(services: [engine], logger: .init(label: "test"))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            let error = await #expect(throws: VernalError.self) { try await engine.execute("SELECT 1") }
            #expect(error?.code == .poolClosed)
        }
    }
}
#endif
