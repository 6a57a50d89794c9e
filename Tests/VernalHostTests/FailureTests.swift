import HTTPTypes
import InvocationLifecycle
import Moments
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct FailureTests {
    private struct Secret: Error, CustomStringConvertible { var description: String { "password=hunter2" } }

    private let get = "GET / HTTP/1.1\nHost: h\nX-Request-Id: r1\n\n"

    @Test func `a failure of the handler is logged, and the client learns nothing`() async throws {
        try await withHost(handler: { _, _ in throw Secret() }) { host in
            let response = try #require(try await host.ask(get))
            #expect(response.status == 500)
            #expect(response.body == #"{"error":"internal server error","requestId":"r1"}"#)
            #expect(host.log.lines.all.contains("error the handler failed error=password=hunter2 request-id=r1"))
        }
    }

    @Test func `a body that cannot be decoded is the client's fault`() async throws {
        struct User: Decodable { var name: String }
        let handler: FunctionHandler = { request, _ in .text(try request.decode(User.self).name) }
        try await withHost(handler: handler) { host in
            let bad = try #require(
                try await host.ask("POST / HTTP/1.1\nHost: h\nX-Request-Id: r1\nContent-Length: 2\n\n{}")
            )
            #expect(bad.status == 400)
            #expect(bad.body == #"{"error":"the field \"name\" is missing","requestId":"r1"}"#)
            let good = try await host.ask("POST / HTTP/1.1\nHost: h\nContent-Length: 14\n\n{\"name\":\"Ann\"}")
            #expect(good?.body == "Ann")
        }
    }

    @Test func `a status below 200 is not an answer`() async throws {
        try await withHost(handler: { _, _ in .empty(.init(code: 101)) }) { host in
            let answer = try await host.ask(get)
            #expect(answer?.status == 500)
        }
    }

    /// Many times, because the cancelled handler and the clock race for the answer.
    @Test(arguments: 0..<50)
    func `at the deadline the handler is cancelled and the client gets 504`(round: Int) async throws {
        let cancelled = Event()
        let handler: FunctionHandler = { _, context in
            #expect(context.deadline.map { Moment($0) } == InvocationDeadline.current?.moment)
            #expect(try #require(context.remainingTime) <= .milliseconds(50))
            defer { cancelled.happen() }
            try await Task.sleep(for: .seconds(60))
            return .text("late")
        }
        try await withHost({ $0.requestTimeout = .milliseconds(50) }, handler: handler) { host in
            let response = try #require(try await host.ask(get))
            #expect(response.status == 504)
            #expect(response["connection"] == "close")
            await cancelled.wait()
        }
    }

    @Test func `a handler that goes on after the deadline does not hold up the 504`() async throws {
        let released = Event()
        let handler: FunctionHandler = { _, _ in
            await withTaskCancellationHandler {
                await Uncancellable.wait(for: released)
            } onCancel: {
            }
            return .text("late")
        }
        try await withHost({ $0.requestTimeout = .milliseconds(50) }, handler: handler) { host in
            let answer = try await host.ask(get)
            #expect(answer?.status == 504)
            released.happen()
        }
    }

    @Test func `a handler in time is answered, and the connection is kept`() async throws {
        try await withHost({ $0.requestTimeout = .seconds(30) }) { host in
            try await RawConnection.open(host.port) { connection in
                for _ in 0..<3 {
                    try await connection.send(get)
                    #expect(try await connection.response()?.body == "hello")
                }
            }
        }
    }

    @Test func `without a time limit there is no deadline`() async throws {
        let handler: FunctionHandler = { _, context in
            .text("\(context.deadline == nil && InvocationDeadline.current == nil)")
        }
        try await withHost(handler: handler) { host in
            let answer = try await host.ask(get)
            #expect(answer?.body == "true")
        }
    }

    @Test func `over the limit of requests the client is sent away and may come back`() async throws {
        let (running, released) = (Event(), Event())
        let handler: FunctionHandler = { request, _ in
            guard request.path == "/slow" else { return .text("fast") }
            running.happen()
            await released.wait()
            return .text("slow")
        }
        try await withHost({ $0.maxConcurrentRequests = 1 }, handler: handler) { host in
            async let slow = host.ask("GET /slow HTTP/1.1\nHost: h\n\n")
            await running.wait()
            try await RawConnection.open(host.port) { connection in
                try await connection.send(get)
                let refused = try #require(try await connection.response())
                #expect(refused.status == 503)
                #expect(refused["retry-after"] == "1")
                released.happen()
            }
            let late = try await slow
            #expect(late?.body == "slow")
            try await eventually { host.host.inFlight == 0 }
            #expect(try await host.ask(get)?.body == "fast")
        }
    }

    @Test(arguments: [1, 3, 200])
    func `the handler is cancelled when the client goes away`(requests: Int) async throws {
        let (running, cancelled) = (Event(), Event())
        let handler: FunctionHandler = { _, _ in
            running.happen()
            defer { cancelled.happen() }
            try await Task.sleep(for: .seconds(60))
            return .text("late")
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                // More than one: also when the host has stopped reading, because the others wait.
                for _ in 0..<requests { try await connection.send(get) }
                await running.wait()
            }
            await cancelled.wait()
            try await eventually { host.host.inFlight == 0 }
            #expect(!host.log.lines.all.contains { $0.contains("error") })
        }
    }
}

/// Waits in spite of being cancelled, as a bad handler does.
enum Uncancellable {
    static func wait(for event: Event) async {
        // A sequence of its own: iterating it in a cancelled task would return at once.
        while !event.hasHappened { await Task.yield() }
    }
}

/// Waits until the condition holds; the time limit of the suite is the limit.
func eventually(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}
