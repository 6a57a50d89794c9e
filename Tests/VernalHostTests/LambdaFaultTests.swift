import InvocationLifecycle
import Moments
import NIOHTTP1
import Synchronization
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct LambdaFaultTests {
    private let echo = FunctionProgram.events { event, _ in event.body }
    private let limit = LambdaLimits.responseBytes

    @Test func `a handler that is too slow is answered for before the platform ends it`() async throws {
        let deadlines = Mutex<[Duration]>([])
        let program = FunctionProgram.events { event, context in
            guard event.body == Array("slow".utf8) else { return event.body }
            let platform = try #require(InvocationDeadline.current)
            deadlines.withLock { $0.append(platform.moment - Moment(ContinuousClock.now)) }
            deadlines.withLock { $0.append(context.remainingTime ?? .zero) }
            try await Task.sleep(for: .seconds(60))
            return []
        }
        try await withLambda(program) { lambda in
            let start = ContinuousClock.now
            let post = try await lambda.invoke("slow", headers: [deadline(in: .milliseconds(600))])
            let took = ContinuousClock.now - start
            #expect(took > .milliseconds(400) && took < .milliseconds(600))
            #expect(post.path.hasSuffix("/id-1/error"))
            #expect(post.headers.first(name: "Lambda-Runtime-Function-Error-Type") == "Function.Timeout")
            let post1 = try await lambda.invoke("next")
            #expect(post1.text == "next")
        }
        let (platform, handler) = deadlines.withLock { ($0[0], $0[1]) }
        #expect(platform > .milliseconds(500) && platform <= .milliseconds(600))
        #expect(platform - handler > .milliseconds(95) && platform - handler < .milliseconds(110))
    }

    @Test func `a handler that does not heed the cancelling is answered for, and finishes before the next`()
        async throws
    {
        let order = Record<String>()
        let program = FunctionProgram.events { event, _ in
            guard event.body == Array("deaf".utf8) else {
                order.add("next")
                return []
            }
            let end = ContinuousClock.now + .milliseconds(400)
            while ContinuousClock.now < end { await Task.yield() }
            order.add("deaf")
            return []
        }
        try await withLambda(program) { lambda in
            let post = try await lambda.invoke("deaf", headers: [deadline(in: .milliseconds(200))])
            #expect(post.path.hasSuffix("/error") && order.all.isEmpty)
            _ = try await lambda.invoke("next")
            #expect(order.all == ["deaf", "next"])
            #expect(lambda.api.posts.isEmpty)
        }
    }

    @Test(arguments: [-5000, 600_000 - wallMilliseconds(), 86_500_000, Int64.max / 2])
    func `a deadline that cannot be meant is none`(milliseconds: Int64) async throws {
        let program = FunctionProgram.events { _, context in
            Array((context.deadline == nil && InvocationDeadline.current == nil ? "none" : "some").utf8)
        }
        let header = (
            "Lambda-Runtime-Deadline-Ms", "\(wallMilliseconds().addingReportingOverflow(milliseconds).partialValue)"
        )
        try await withLambda(program) { lambda in
            let absurd = try await lambda.invoke(headers: [header]).text
            let malformed = try await lambda.invoke(headers: [("Lambda-Runtime-Deadline-Ms", "soon")]).text
            #expect(absurd == "none" && malformed == "none")
        }
        try await withLambda(program) {
            $0.requestTimeout = .seconds(5)
        } _: { lambda in
            let own = try await lambda.invoke(headers: [header]).text
            #expect(own == "some")
        }
    }

    @Test func `the largest response goes out, and one byte more is an error that costs nothing else`() async throws {
        let program = FunctionProgram.events { event, _ in
            let count = try #require(Int(String(decoding: event.body, as: UTF8.self)))
            return [UInt8](repeating: UInt8(ascii: "x"), count: count)
        }
        try await withLambda(program) { lambda in
            let largest = try await lambda.invoke("\(limit)")
            #expect(largest.path.hasSuffix("/response") && largest.body.count == 6_291_556)
            let tooLarge = try await lambda.invoke("\(limit + 1)")
            #expect(tooLarge.path.hasSuffix("/error"))
            #expect(tooLarge.text.contains("Function.ResponseSizeTooLarge") && tooLarge.text.contains("6291557"))
            let post2 = try await lambda.invoke("2")
            #expect(post2.text == "xx")
        }
    }

    @Test(arguments: [400, 403, 410, 413])
    func `a refused answer is not followed by another, and the next event is handled`(status: Int) async throws {
        var behaviour = LambdaRuntimeAPI.Behaviour()
        behaviour.postStatus = status
        try await withLambda(echo, behaviour: behaviour) { lambda in
            let post3 = try await lambda.invoke("1", id: "a")
            #expect(post3.path.hasSuffix("/a/response"))
            let post4 = try await lambda.invoke("2", id: "b")
            #expect(post4.path.hasSuffix("/b/response"))
            try await eventually { lambda.log.lines.all.filter { $0.contains("refused") }.count == 2 }
            #expect(lambda.api.posts.isEmpty)
        }
    }

    @Test func `a connection that the API closes after an answer is replaced`() async throws {
        var behaviour = LambdaRuntimeAPI.Behaviour()
        behaviour.postCloses = true
        try await withLambda(echo, behaviour: behaviour) { lambda in
            for number in 1...5 {
                let post5 = try await lambda.invoke("\(number)")
                #expect(post5.text == "\(number)")
            }
        }
    }

    @Test func `an API that has nothing yet is asked again`() async throws {
        try await withLambda(echo) { lambda in
            for _ in 1...3 { lambda.api.send(.status(204)) }
            let post6 = try await lambda.invoke("late")
            #expect(post6.text == "late")
            #expect(lambda.api.requests.all.filter { $0.hasSuffix("/next") && $0.contains("runtime") }.count >= 4)
        }
    }

    @Test(arguments: [400, 403, 500, 302])
    func `an API that refuses the wait ends the host, and is not asked again`(status: Int) async throws {
        try await expectEnd { lambda in
            lambda.api.send(.status(status))
        } because: {
            $0.contains("\(status)")
        }
    }

    @Test func `an API that breaks off the wait ends the host`() async throws {
        try await expectEnd { lambda in
            lambda.api.send(.disconnect)
        } because: {
            $0.contains("127.0.0.1")
        }
    }

    @Test func `an invocation without an ID ends the host`() async throws {
        try await expectEnd { lambda in
            lambda.api.send(.event("{}", id: "a/../b"))
        } because: {
            $0.contains("ID")
        }
    }

    @Test func `an API that fails on an answer, or breaks, ends the host`() async throws {
        var behaviour = LambdaRuntimeAPI.Behaviour()
        behaviour.postStatus = 500
        try await expectEnd(behaviour) { lambda in
            _ = try await lambda.invoke()
        } because: {
            $0.contains("500")
        }
        behaviour.postDisconnects = true
        try await expectEnd(behaviour) { lambda in
            _ = try await lambda.invoke()
        } because: {
            $0.contains("broke")
        }
    }

    private func expectEnd(
        _ behaviour: LambdaRuntimeAPI.Behaviour = .init(),
        _ act: (RunningLambda) async throws -> Void,
        because isReason: (String) -> Bool
    ) async throws {
        let (registry, witness) = (ParticipantRegistry(), LambdaWitness())
        registry.register(witness)
        let error = try await #require(throws: HostError.self) {
            try await withLambda(echo, behaviour: behaviour, registry: registry) { lambda in
                try await act(lambda)
                await lambda.ended.wait()
                let asked = lambda.api.requests.all.count { $0.hasSuffix("/invocation/next") }
                #expect(asked == 1)
            }
        }
        #expect(error.code == .runtimeAPIFailed)
        #expect(isReason(error.description), "\(error)")
        #expect(witness.events.all.last == "stop")
    }

    @Test func `without an API the host ends at once`() async throws {
        let endpoint = try #require(RuntimeEndpoint("127.0.0.1:1"))
        let host = LambdaHost(
            HostOptions(),
            platform: LambdaPlatform(endpoint: endpoint),
            registry: ParticipantRegistry(),
            program: echo
        )
        let error = try await #require(throws: HostError.self) { try await host.run() }
        #expect(error.code == .runtimeAPIFailed && error.description.contains("127.0.0.1:1"))
    }
}
