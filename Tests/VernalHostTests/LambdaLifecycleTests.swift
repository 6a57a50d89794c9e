import InvocationLifecycle
import NIOHTTP1
import Synchronization
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct LambdaLifecycleTests {
    private let echo = FunctionProgram.events { event, _ in event.body }

    @Test func `the process registers as its own extension before it asks for work`() async throws {
        let api = LambdaRuntimeAPI()
        try await api.run { port in
            let endpoint = try #require(RuntimeEndpoint("127.0.0.1:\(port)"))
            let host = LambdaHost(
                HostOptions(),
                platform: LambdaPlatform(endpoint: endpoint),
                registry: ParticipantRegistry(),
                program: echo
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await host.run() }
                let register = try await api.post()
                #expect(register.path == "/2020-01-01/extension/register")
                #expect(register.headers.first(name: "Lambda-Extension-Name") == "vernal")
                #expect(register.text == #"{"events":[]}"#)
                let next = try await api.post()
                #expect(next.path == "/2020-01-01/extension/event/next")
                #expect(next.headers.first(name: "Lambda-Extension-Identifier") == "extension-1")
                try await eventually { api.requests.all.count == 3 }
                #expect(api.requests.all.first == "POST /2020-01-01/extension/register")
                host.beginDrain()
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: [404, 403, 500])
    func `an API without extensions is no reason not to serve`(status: Int) async throws {
        var behaviour = LambdaRuntimeAPI.Behaviour()
        behaviour.registerStatus = status
        try await withLambda(echo, behaviour: behaviour) { lambda in
            let post1 = try await lambda.invoke("hello")
            #expect(post1.text == "hello")
        }
    }

    @Test func `participants hear of start, freeze, thaw and stop, in step with the invocations`() async throws {
        let (registry, witness) = (ParticipantRegistry(), LambdaWitness())
        registry.register(witness)
        try await withLambda(echo, registry: registry) { lambda in
            #expect(witness.events.all == ["start"])
            _ = try await lambda.invoke()
            _ = try await lambda.invoke()
            try await eventually { witness.events.all.count == 3 }
            // The gap has to be a real one: the host's clocks are the machine's.
            try await Task.sleep(for: .milliseconds(1050))
            _ = try await lambda.invoke()
            try await eventually { witness.events.all.count == 5 }
        }
        #expect(witness.events.all == ["start", "freeze", "freeze", "thaw", "freeze", "stop"])
    }

    @Test func `preparing for the freeze takes 50 ms at the most, and less when the deadline is near`() async throws {
        final class Dawdler: InvocationParticipant {
            let times = Mutex<[Duration]>([])
            func willFreeze() async {
                let start = ContinuousClock.now
                try? await Task.sleep(for: .seconds(10))
                let took = ContinuousClock.now - start
                times.withLock { $0.append(took) }
            }
        }
        let (registry, dawdler) = (ParticipantRegistry(), Dawdler())
        registry.register(dawdler)
        let program = FunctionProgram.events { _, context in
            // Answers 30 ms before the platform's deadline.
            if let left = context.remainingTime { try await Task.sleep(for: left - .milliseconds(5)) }
            return []
        }
        try await withLambda(program, registry: registry) {
            $0.deadlineMargin = .milliseconds(25)
        } _: { lambda in
            _ = try await lambda.invoke()
            _ = try await lambda.invoke(headers: [deadline(in: .milliseconds(300))])
            try await eventually { dawdler.times.withLock { $0.count } == 2 }
        }
        let times = dawdler.times.withLock { $0 }
        #expect(times[0] >= .milliseconds(49) && times[0] < .milliseconds(200))
        #expect(times[1] < .milliseconds(30))
    }

    @Test func `a participant that cannot start is told to the platform, and nothing is asked for`() async throws {
        struct NoDatabase: Error, CustomStringConvertible { var description: String { "DATABASE_URL is not set" } }
        final class Refuser: InvocationParticipant {
            func willStart() async throws { throw NoDatabase() }
        }
        let (api, registry, refuser) = (LambdaRuntimeAPI(), ParticipantRegistry(), Refuser())
        registry.register(refuser)
        try await api.run { port in
            let endpoint = try #require(RuntimeEndpoint("127.0.0.1:\(port)"))
            let host = LambdaHost(
                HostOptions(),
                platform: LambdaPlatform(endpoint: endpoint),
                registry: registry,
                program: echo
            )
            let error = try await #require(throws: HostError.self) { try await host.run() }
            #expect(error.code == .startFailed)
            _ = try await api.post()
            let post = try await api.post()
            #expect(post.path == "/2018-06-01/runtime/init/error")
            #expect(post.headers.first(name: "Lambda-Runtime-Function-Error-Type") == "Runtime.InitFailed")
            #expect(post.text.contains("DATABASE_URL is not set"))
            #expect(!api.requests.all.contains { $0.contains("invocation/next") })
        }
        withExtendedLifetime(refuser) {}
    }

    @Test func `the end is quick when nothing is in flight`() async throws {
        let start = try await withLambda(echo) { lambda in
            _ = try await lambda.invoke()
            return ContinuousClock.now
        }
        #expect(ContinuousClock.now - start < .milliseconds(250))
    }

    @Test func `what is in flight at the end is answered when it is quick enough`() async throws {
        let begun = Event()
        let program = FunctionProgram.events { event, _ in
            begun.happen()
            try await Task.sleep(for: .milliseconds(40))
            return event.body
        }
        try await withLambda(program) { lambda in
            lambda.api.send(.event("almost"))
            await begun.wait()
            lambda.host.beginDrain()
            let post2 = try await lambda.api.post()
            #expect(post2.text == "almost")
        }
    }

    @Test func `what is in flight for too long at the end is cancelled and told`() async throws {
        let (begun, registry) = (Event(), ParticipantRegistry())
        let program = FunctionProgram.events { _, _ in
            begun.happen()
            try await Task.sleep(for: .seconds(60))
            return []
        }
        let stops = StopWitness()
        registry.register(stops)
        try await withLambda(program, registry: registry) { lambda in
            lambda.api.send(.event("never"))
            await begun.wait()
            let start = ContinuousClock.now
            lambda.host.beginDrain()
            let post = try await lambda.api.post()
            #expect(post.path.hasSuffix("/error") && post.text.contains("Function.Stopping"))
            await lambda.ended.wait()
            #expect(ContinuousClock.now - start < .milliseconds(300))
            let deadline = try #require(stops.deadline.withLock { $0 })
            #expect(deadline - start <= .milliseconds(260) && deadline - start > .milliseconds(200))
        }
    }

    @Test func `cancelling the host ends it`() async throws {
        struct Enough: Error {}
        let (registry, witness) = (ParticipantRegistry(), LambdaWitness())
        registry.register(witness)
        await #expect(throws: Enough.self) {
            try await withLambda(echo, registry: registry) { lambda in
                _ = try await lambda.invoke()
                throw Enough()  // Makes the group around the host cancel it.
            }
        }
        #expect(witness.events.all.last == "stop")
    }
}

/// A participant that notes by when it has to be over.
private final class StopWitness: InvocationParticipant {
    let deadline = Mutex<ContinuousClock.Instant?>(nil)

    func willStop(by deadline: ContinuousClock.Instant) async {
        self.deadline.withLock { $0 = deadline }
    }
}
