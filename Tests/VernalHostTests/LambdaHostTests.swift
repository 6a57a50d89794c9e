import Foundation
import HTTPTypes
import InvocationLifecycle
import Moments
import NIOHTTP1
import Synchronization
import Testing
import VernalHost

@Suite(.serialized, .timeLimit(.minutes(1))) struct LambdaHostTests {
    private let echo = FunctionProgram.events { event, _ in Array("<".utf8) + event.body + Array(">".utf8) }

    @Test(arguments: [false, true], ["", "/.rt/echo"])
    func `an event comes in and its result goes out`(isChunked: Bool, path: String) async throws {
        try await withLambda(echo, path: path) { lambda in
            for number in 1...3 {
                let event = "{\"number\":\(number)}"
                let post = try await lambda.invoke(event, id: "id-\(number)", isChunked: isChunked)
                #expect(post.path == "\(path)/2018-06-01/runtime/invocation/id-\(number)/response")
                #expect(post.text == "<\(event)>")
                #expect(post.headers.first(name: "Content-Length") == "\(post.body.count)")
                #expect(post.headers.first(name: "Content-Type") == "application/json")
                #expect(post.headers["Host"].count == 1)
            }
            #expect(lambda.api.connections.all.count == 2)
        }
    }

    @Test func `an empty event and an empty result are events and results`() async throws {
        try await withLambda(.events { event, _ in event.body }) { lambda in
            let post = try await lambda.invoke("")
            #expect(post.path.hasSuffix("/id-1/response"))
            #expect(post.headers.first(name: "Content-Length") == "0" && post.body.isEmpty)
        }
    }

    @Test func `the handler hears what the platform says`() async throws {
        let seen = Mutex<[InvocationContext]>([])
        let program = FunctionProgram.events { _, context in
            seen.withLock { $0.append(context) }
            return []
        }
        let headers = [
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:f"), ("lambda-runtime-trace-id", "Root=1-2-3"),
            ("Lambda-Runtime-Client-Context", "{\"a\":1}"), ("Lambda-Runtime-Cognito-Identity", "{\"b\":2}"),
            ("Lambda-Runtime-Aws-Tenant-Id", "t"), deadline(in: .seconds(3)),
        ]
        try await withLambda(program) { lambda in
            _ = try await lambda.invoke(id: "first", headers: headers)
            _ = try await lambda.invoke(id: "second")
        }
        let contexts = seen.withLock { $0 }
        var expected = LambdaDetails()
        expected.functionARN = "arn:f"
        expected.traceID = "Root=1-2-3"
        expected.clientContext = "{\"a\":1}"
        expected.cognitoIdentity = "{\"b\":2}"
        expected.tenantID = "t"
        #expect(contexts.map(\.lambda) == [expected, LambdaDetails()])
        #expect(contexts.map(\.requestID) == ["first", "second"])
        #expect(contexts.map(\.isColdStart) == [true, false])
        let left = try #require(contexts.first?.remainingTime)
        #expect(left > .seconds(1) && left < .seconds(3))
        #expect(contexts.last?.deadline == nil)
    }

    @Test func `the name of an attempt is given back with its answer`() async throws {
        let program = FunctionProgram.events { event, _ in
            if event.body.isEmpty { throw CancellationError() }
            return event.body
        }
        try await withLambda(program, concurrency: 2) { lambda in
            for (event, attempt) in [("{}", "attempt-1"), ("", "attempt-2")] {
                let post = try await lambda.invoke(event, headers: [("Lambda-Runtime-Invocation-Id", attempt)])
                #expect(post.headers.first(name: "Lambda-Runtime-Invocation-Id") == attempt)
            }
            let post = try await lambda.invoke()
            #expect(!post.headers.contains(name: "Lambda-Runtime-Invocation-Id"))
        }
    }

    @Test func `the trace is in the environment for one at a time, and only then`() async throws {
        let program = FunctionProgram.events { _, _ in
            Array((ProcessInfo.processInfo.environment["_X_AMZN_TRACE_ID"] ?? "none").utf8)
        }
        let trace = [("Lambda-Runtime-Trace-Id", "Root=1-5759e988;Sampled=1")]
        try await withLambda(program) { lambda in
            let post1 = try await lambda.invoke(headers: trace)
            #expect(post1.text == "Root=1-5759e988;Sampled=1")
            let post2 = try await lambda.invoke()
            #expect(post2.text == "none")
            let tooLong = [("Lambda-Runtime-Trace-Id", String(repeating: "x", count: 2000))]
            let post3 = try await lambda.invoke(headers: tooLong)
            #expect(post3.text == "none")
        }
        try await withLambda(program, concurrency: 2) { lambda in
            let post4 = try await lambda.invoke(headers: trace)
            #expect(post4.text == "none")
        }
    }

    @Test func `an HTTP event reaches a handler of requests`() async throws {
        let program = FunctionProgram.requests { request, _ in
            .text("\(request.method) \(request.path) \(request.query["a"] ?? "-")", status: .created)
        }
        let event = """
            {"version":"2.0","routeKey":"$default","rawPath":"/users","rawQueryString":"a=b","headers":{"host":"h"},
            "requestContext":{"http":{"method":"GET","path":"/users","protocol":"HTTP/1.1","sourceIp":"1.2.3.4"},
            "stage":"$default"},"isBase64Encoded":false}
            """
        try await withLambda(program) { lambda in
            let post = try await lambda.invoke(event, id: "id-7")
            let answer = try JSONSerialization.jsonObject(with: Data(post.body)) as? [String: Any]
            #expect(answer?["statusCode"] as? Int == 201)
            #expect(answer?["body"] as? String == "GET /users b")
            #expect((answer?["headers"] as? [String: String])?["x-request-id"] == "id-7")
        }
    }

    @Test func `any other event is told that the handler takes requests only`() async throws {
        try await withLambda(.requests { _, _ in .empty() }) { lambda in
            let post = try await lambda.invoke(#"{"Records":[]}"#)
            #expect(post.path.hasSuffix("/id-1/error"))
            #expect(post.text.contains("serveEvents"))
        }
    }

    @Test func `what the handler throws is an error with its type, and the next event is handled`() async throws {
        struct OutOfStock: Error, CustomStringConvertible { var description: String { "no \"apples\"" } }
        let program = FunctionProgram.events { event, _ in
            if event.body == Array("fail".utf8) { throw OutOfStock() }
            return event.body
        }
        try await withLambda(program) { lambda in
            let post = try await lambda.invoke("fail")
            #expect(post.path.hasSuffix("/id-1/error"))
            #expect(post.headers.first(name: "Lambda-Runtime-Function-Error-Type") == "Function.OutOfStock")
            let error = try JSONDecoder().decode([String: JSONText].self, from: Data(post.body))
            #expect(error["errorType"]?.text == "Function.OutOfStock")
            #expect(error["errorMessage"]?.text == "no \"apples\"")
            let post5 = try await lambda.invoke("go on")
            #expect(post5.text == "go on")
            #expect(lambda.log.lines.all.contains { $0.contains("the handler failed") && $0.contains("id-1") })
        }
    }

    @Test func `several pollers run as many invocations at the same time, without a thought of freezing`() async throws
    {
        let (registry, witness) = (ParticipantRegistry(), LambdaWitness())
        registry.register(witness)
        let (begun, released) = (Mailbox<String>(), Event())
        let program = FunctionProgram.events { event, _ in
            begun.put(String(decoding: event.body, as: UTF8.self))
            await released.waitTogether()
            return event.body
        }
        try await withLambda(program, concurrency: 3, registry: registry) { lambda in
            for number in 1...4 { lambda.api.send(.event("\(number)", id: "id-\(number)")) }
            var running: Set<String> = []
            for _ in 1...3 { running.insert(try #require(await begun.take())) }
            #expect(running == ["1", "2", "3"])
            #expect(begun.isEmpty)
            released.happen()
            var answered: Set<String> = []
            for _ in 1...4 { answered.insert(try await lambda.api.post().text) }
            #expect(answered == ["1", "2", "3", "4"])
        }
        #expect(witness.events.all == ["start", "stop"])
    }
}

/// A string in a JSON object whose other values may be anything.
private struct JSONText: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
    }
}

/// A participant that writes down what it is told.
final class LambdaWitness: InvocationParticipant {
    let events = Record<String>()

    func willStart() async throws { events.add("start") }
    func didThaw(gap: Duration) async { events.add("thaw") }
    func willFreeze() async { events.add("freeze") }
    func willStop(by deadline: ContinuousClock.Instant) async { events.add("stop") }
}

extension Event {
    /// Waits, by any number of tasks.
    func waitTogether() async {
        while !hasHappened, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
    }
}
