import HTTPTypes
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct TraceContextTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func answer(
        _ field: String,
        handler: @escaping FunctionHandler = { _, _ in .text("x") }
    ) async throws
        -> String?
    {
        try await withHost(handler: handler) { host in
            try await host.ask("GET / HTTP/1.1\nHost: h\n\(field)\n\n")?["traceparent"]
        }
    }

    @Test func `the trace of a request reaches the handler and comes back`() async throws {
        let seen = Record<String?>()
        let back = try await answer("TraceParent: \(Self.parent)") { request, _ in
            seen.add(request.headers[HTTPField.Name("traceparent") ?? .date])
            return .text("x")
        }
        #expect(back == Self.parent && seen.all == [Self.parent])
    }

    @Test(arguments: [
        "X: y", "traceparent: x", "traceparent: \(parent)-", "traceparent: \(parent.uppercased())",
        "traceparent: \(parent.dropLast())", "traceparent: 00-\(String(repeating: "g", count: 32))-00f067aa0ba902b7-01",
    ])
    func `what is no trace does not come back`(field: String) async throws {
        #expect(try await answer(field) == nil)
    }

    @Test func `the handler's own word about the trace is the last`() async throws {
        let back = try await answer("traceparent: \(Self.parent)") { _, _ in
            var response = FunctionResponse.text("x")
            response.headers[HTTPField.Name("traceparent") ?? .date] = "own"
            return response
        }
        #expect(back == "own")
    }
}
