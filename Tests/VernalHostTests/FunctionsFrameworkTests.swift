import Logging
import Testing
import VernalHost

@Suite struct FunctionsFrameworkTests {
    private func choose(
        _ names: [String],
        _ arguments: [String] = [],
        _ environment: [String: String] = [:]
    ) throws -> FunctionsFramework {
        try FunctionsFramework(choosingFrom: names, arguments: arguments, environment: environment)
    }

    @Test func `the command line goes before the environment, and the environment before the default`() throws {
        let environment = ["FUNCTION_TARGET": "b", "FUNCTION_SIGNATURE_TYPE": "typed"]
        #expect(try choose(["a", "b", "c"], ["--target", "c"], environment).target == "c")
        #expect(try choose(["a", "b", "c"], ["--target=c"], environment).target == "c")
        #expect(try choose(["a", "b"], [], environment).target == "b")
        #expect(try choose(["a", "function"]).target == "function")
        #expect(try choose(["a"]).target == "a")
        #expect(try choose(["a"], [], ["FUNCTION_TARGET": ""]).target == "a")
        #expect(try choose(["a", "b"], [], ["_HANDLER": "b"]).target == "b")
        #expect(try choose(["a"], [], ["_HANDLER": "bootstrap"]).target == "a")
        #expect(try choose(["a", "b"], [], ["_HANDLER": "b", "FUNCTION_TARGET": "a"]).target == "a")
        #expect(try choose(["a", "b"], [], environment).signature == "typed")
        #expect(try choose(["b"], ["--signature-type", "http"], environment).signature == "http")
        #expect(try choose(["a"], ["--port", "9000", "--other", "x"]).port == 9000)
        #expect(try choose(["a"]).port == nil)
    }

    @Test func `a function that is not there is an error that names those that are`() throws {
        let error = try #require(throws: HostError.self) { try choose(["b", "a"], [], ["FUNCTION_TARGET": "c\n"]) }
        #expect(error.description.contains("a, b") && !error.description.contains("\n"))
        #expect(throws: HostError.self) { try choose(["a", "b"]) }
        #expect(throws: HostError.self) { try choose([]) }
    }

    @Test(arguments: ["x", "-1", "65536", "8o"]) func `a port that is none is an error`(port: String) {
        #expect(throws: HostError.self) { try choose(["a"], ["--port", port]) }
    }

    @Test func `what browsers ask for on their own is not for the function`() async throws {
        let handler = FunctionsFramework.handler { request, _ in .text(request.path) }
        try await withHost(handler: handler) { host in
            #expect(try await host.ask("GET /robots.txt HTTP/1.1\nHost: h\n\n")?.status == 404)
            #expect(try await host.ask("GET /favicon.ico?x HTTP/1.1\nHost: h\n\n")?.status == 404)
            let any = try await host.ask("DELETE /a/robots.txt HTTP/1.1\nHost: h\n\n")
            #expect(any?.body == "/a/robots.txt" && any?["etag"] == nil)
        }
    }

    @Test func `over the limit the answer is 429, and there is room again afterwards`() async throws {
        let isHandling = Event()
        let mayAnswer = Event()
        let handler: FunctionHandler = { _, _ in
            guard !isHandling.hasHappened else { return .text("next") }
            isHandling.happen()
            await mayAnswer.wait()
            return .text("first")
        }
        func change(_ options: inout HostOptions) {
            options.maxConcurrentRequests = 1
            options.probes = ProbeRoutes()
        }
        try await withHost(change, flavour: .functionsFramework, handler: handler) { host in
            let request = "GET / HTTP/1.1\nHost: h\n\n"
            async let first = host.ask(request)
            await isHandling.wait()
            let refused = try await host.ask(request)
            #expect(refused?.status == 429 && refused?["retry-after"] == "1")
            #expect(try await host.ask("GET /healthz HTTP/1.1\nHost: h\n\n")?.status == 200, "there is room for probes")
            mayAnswer.happen()
            let answer = try await first
            #expect(answer?.body == "first")
            #expect(try await host.ask(request)?.body == "next")
        }
    }

    @Test func `a typed function takes and gives JSON`() async throws {
        let sum = HostedFunction.typed { (numbers: [Int], _) in numbers.reduce(0, +) }
        try await withHost(handler: sum.handler) { host in
            let answer = try await host.ask("POST / HTTP/1.1\nHost: h\nContent-Length: 7\n\n[1,2,3]")
            #expect(answer?.status == 200 && answer?.body == "6" && answer?["content-type"] == "application/json")
            #expect(try await host.ask("POST / HTTP/1.1\nHost: h\nContent-Length: 1\n\nx")?.status == 400)
            #expect(try await host.ask("GET / HTTP/1.1\nHost: h\n\n")?.status == 405)
        }
    }
}

@Suite struct ProbeRoutesTests {
    @Test func `probes are answered, and everything else is the function's`() async throws {
        var probes = ProbeRoutes(metrics: "/metrics") { "up 1\n" }
        let isReady = Event()
        probes.isReady = { isReady.hasHappened }
        let handler: FunctionHandler = { request, _ in .text("function \(request.path)") }
        try await withHost({ [probes] in $0.probes = probes }, handler: handler) { host in
            func get(_ path: String) async throws -> RawResponse? {
                try await host.ask("GET \(path) HTTP/1.1\nHost: h\n\n")
            }
            #expect(try await get("/healthz")?.status == 200)
            #expect(try await get("/readyz")?.status == 503)
            isReady.happen()
            #expect(try await get("/readyz")?.status == 200)
            let metrics = try await get("/metrics?x")
            #expect(metrics?.body == "up 1\n" && metrics?["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(try await get("/other")?.body == "function /other")
            #expect(try await host.ask("POST /healthz HTTP/1.1\nHost: h\n\n")?.body == "function /healthz")
        }
    }

    @Test func `a probe that is not wanted is the function's path`() async throws {
        var probes = ProbeRoutes()
        (probes.liveness, probes.readiness) = (nil, nil)
        let handler: FunctionHandler = { request, _ in .text("function \(request.path)") }
        try await withHost({ [probes] in $0.probes = probes }, handler: handler) { (host) async throws in
            #expect(try await host.ask("GET /healthz HTTP/1.1\nHost: h\n\n")?.body == "function /healthz")
            #expect(try await host.ask("GET /metrics HTTP/1.1\nHost: h\n\n")?.body == "function /metrics")
        }
    }
}
