import InvocationLifecycle
import Synchronization
import Testing
import VernalHost

/// A participant that writes down what it is told.
private final class Witness: InvocationParticipant {
    let events = Record<String>()
    let start: @Sendable () async throws -> Void

    init(start: @escaping @Sendable () async throws -> Void = {}) {
        self.start = start
    }

    func willStart() async throws {
        events.add("start")
        try await start()
    }

    func didThaw(gap: Duration) async { events.add("thaw \(gap > .seconds(1))") }
    func willFreeze() async { events.add("freeze") }
    func willStop(by deadline: ContinuousClock.Instant) async {
        events.add(
            "stop \(ContinuousClock.now < deadline && ContinuousClock.now.duration(to: deadline) <= .seconds(1))"
        )
    }
}

@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
    private let get = "GET / HTTP/1.1\nHost: h\n\n"

    @Test func `participants hear of start, freeze, thaw and stop`() async throws {
        let (registry, witness) = (ParticipantRegistry(), Witness())
        registry.register(witness)
        try await withHost(registry: registry) { host in
            #expect(witness.events.all == ["start"])
            _ = try await host.ask(get)
            try await eventually { witness.events.all.count == 2 }
            _ = try await host.ask(get)
            try await eventually { witness.events.all.count == 3 }
            // The gap has to be a real one: the host's clock is the machine's.
            try await Task.sleep(for: .milliseconds(1050))
            _ = try await host.ask(get)
            try await eventually { witness.events.all.count == 5 }
        }
        #expect(witness.events.all == ["start", "freeze", "freeze", "thaw true", "freeze", "stop true"])
    }

    @Test func `a late participant is stopped without having been started`() async throws {
        let (registry, witness) = (ParticipantRegistry(), Witness())
        try await withHost(registry: registry) { _ in registry.register(witness) }
        #expect(witness.events.all == ["stop true"])
    }

    @Test func `a participant that cannot start keeps the host from starting`() async throws {
        struct NoDatabase: Error, CustomStringConvertible { var description: String { "DATABASE_URL is not set" } }
        let (registry, witness) = (ParticipantRegistry(), Witness { throw NoDatabase() })
        registry.register(witness)
        let error = try await #require(throws: HostError.self) { try await withHost(registry: registry) { _ in } }
        #expect(error.code == .startFailed)
        #expect(error.description.contains("DATABASE_URL is not set"))
        #expect(witness.events.all == ["start"])
    }

    @Test func `a port that is taken is an error that names it`() async throws {
        try await withHost { first in
            let second = HTTPHost(HostOptions(), platform: HTTPPlatform(host: "127.0.0.1", port: first.port)) { _, _ in
                .empty()
            }
            let error = try await #require(throws: HostError.self) { try await second.run() }
            #expect(error.code == .cannotBind)
            #expect(error.description.contains("\(first.port)"))
        }
    }

    @Test func `draining finishes what is in flight and closes what is idle`() async throws {
        let (running, released) = (Event(), Event())
        let handler: FunctionHandler = { request, _ in
            guard request.path == "/slow" else { return .text("fast") }
            running.happen()
            await released.wait()
            return .text("slow")
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { idle in
                try await idle.send(get)
                #expect(try await idle.response()?.body == "fast")
                try await RawConnection.open(host.port) { busy in
                    try await busy.send("GET /slow HTTP/1.1\nHost: h\n\n")
                    await running.wait()
                    host.host.beginDrain()
                    #expect(try await idle.rest() == "")
                    let late = try? await host.ask(get)
                    #expect(late?.status == nil)
                    released.happen()
                    let response = try #require(try await busy.response())
                    #expect(response.body == "slow")
                    #expect(response["connection"] == "close")
                    #expect(try await busy.rest() == "")
                }
            }
        }
    }

    @Test func `after the grace period handlers are cancelled and the client is told`() async throws {
        let running = Event()
        let handler: FunctionHandler = { _, _ in
            running.happen()
            try await Task.sleep(for: .seconds(60))
            return .text("late")
        }
        let (registry, witness) = (ParticipantRegistry(), Witness())
        registry.register(witness)
        try await withHost({ $0.gracePeriod = .milliseconds(50) }, registry: registry, handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send(get)
                await running.wait()
                host.host.beginDrain()
                let response = try #require(try await connection.response())
                #expect(response.status == 503)
                #expect(response["connection"] == "close")
            }
        }
        #expect(witness.events.all.last == "stop true")
    }

    @Test func `draining in the middle of a request waits for the rest of it`() async throws {
        try await withHost(handler: { request, _ in .text("\(request.body.count)") }) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send("POST / HTTP/1.1\nHost: h\nContent-Length: 2\nExpect: 100-continue\n\n")
                #expect(try await connection.response(toHead: true)?.status == 100)
                host.host.beginDrain()
                try await connection.send("ab")
                let response = try #require(try await connection.response())
                #expect(response.body == "2" && response["connection"] == "close")
            }
        }
    }

    @Test func `a host without connections drains at once`() async throws {
        let start = ContinuousClock.now
        try await withHost { _ in }
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `cancelling the host ends it with its connections`() async throws {
        let (running, registry, witness) = (Event(), ParticipantRegistry(), Witness())
        registry.register(witness)
        struct Enough: Error {}
        let handler: FunctionHandler = { _, _ in
            running.happen()
            try await Task.sleep(for: .seconds(60))
            return .empty()
        }
        await #expect(throws: Enough.self) {
            try await withHost(registry: registry, handler: handler) { host in
                try await RawConnection.open(host.port) { connection in
                    try await connection.send(get)
                    await running.wait()
                    throw Enough()  // Makes the group around the host cancel it.
                }
            }
        }
        #expect(witness.events.all.last?.hasPrefix("stop") == true)
    }
}
