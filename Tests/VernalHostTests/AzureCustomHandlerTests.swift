import HTTPTypes
import Testing
import VernalHost

@Suite struct AzureCustomHandlerTests {
    /// An invocation as the host of Azure Functions posts it, with its header fields.
    private func invoke(_ host: RunningHost, _ path: String, _ body: String) async throws -> RawResponse {
        let head = """
            POST \(path) HTTP/1.1
            Host: 127.0.0.1:80
            X-Azure-Functions-HostVersion: 4.0
            X-Azure-Functions-InvocationId: 5c8c5f0e-0000-4000-8000-000000000000
            User-Agent: Azure-Functions-Host/4.0
            Content-Type: application/json
            Content-Length: \(body.utf8.count)
            """
        return try #require(try await host.ask(head + "\n\n" + body))
    }

    private func trigger(_ method: String, body: String) -> String {
        """
        {"Data":{"req":{"Url":"http://localhost:7071/api/users/1?team=a%20b","Method":"\(method)","Query":{"team":"a b"},\
        "Headers":{"Host":["localhost:7071"],"Accept":["a","b"]},"Params":{"id":"1"},"Identities":[],"Body":\(body)}},\
        "Metadata":{"sys":{"MethodName":"users"}}}
        """
    }

    private let described: FunctionHandler = { request, _ in
        var response = FunctionResponse.text(
            "\(request.method.rawValue) \(request.head.path ?? "") \(request.head.authority ?? "") "
                + "\(request.headers[values: .accept]) \(String(decoding: request.body, as: UTF8.self))",
            status: .created
        )
        response.headers.append(HTTPField(name: .vary, value: "a"))
        response.headers.append(HTTPField(name: .vary, value: "b"))
        return response
    }

    @Test func `a trigger's request reaches the handler, and its response the output binding`() async throws {
        try await withHost(handler: AzureCustomHandler.handler(for: .requests(described))) { host in
            let answer = try await invoke(host, "/users", trigger("PUT", body: #""{\"a\":1}""#))
            let text = #"PUT /api/users/1?team=a%20b localhost:7071 [\"a\", \"b\"] {\"a\":1}"#
            let result =
                #"{"statusCode":201,"headers":{"content-type":"text/plain; charset=utf-8","vary":"a, b"},"body":"\#(text)"}"#
            #expect(answer.status == 200 && answer["content-type"] == "application/json")
            #expect(answer.body == #"{"Outputs":{"res":\#(result)},"Logs":[],"ReturnValue":\#(result)}"#)
        }
    }

    @Test(arguments: [("null", ""), (#"{"a":1.10}"#, #"{\"a\":1.10}"#), (#""""#, "")])
    func `the body of a trigger may be text, JSON or nothing`(body: String, text: String) async throws {
        let handler: FunctionHandler = { request, _ in .text("<\(String(decoding: request.body, as: UTF8.self))>") }
        try await withHost(handler: AzureCustomHandler.handler(for: .requests(handler))) { (host) async throws in
            #expect(
                try await invoke(host, "/users", trigger("POST", body: body)).body.contains("\"body\":\"<\(text)>\"")
            )
        }
    }

    @Test func `a forwarded request stays as it is`() async throws {
        try await withHost(handler: AzureCustomHandler.handler(for: .requests(described))) { host in
            let answer = try await invoke(host, "/api/users", "hello")
            #expect(answer.status == 201 && answer.body == "POST /api/users 127.0.0.1:80 [] hello")
            // Not of the host: no ID of an invocation.
            let body = trigger("GET", body: "null")
            let request = "POST /users HTTP/1.1\nHost: h\nContent-Length: \(body.utf8.count)\n\n\(body)"
            #expect(try await host.ask(request)?.status == 201)
        }
    }

    @Test func `an invocation by another trigger goes through as it is`() async throws {
        let body = #"{"Data":{"item":"{\"a\":1}"},"Metadata":{"DequeueCount":"1"}}"#
        try await withHost(
            handler: AzureCustomHandler.handler(for: .requests { request, _ in .text("\(request.body.count)") })
        ) { (host) async throws in
            #expect(try await invoke(host, "/queue", body).body == "\(body.utf8.count)")
        }
    }

    @Test(arguments: [
        ("", #"{"Outputs":{},"Logs":[],"ReturnValue":null}"#), ("[1]", #"{"Outputs":{},"Logs":[],"ReturnValue":[1]}"#),
        ("no JSON", #"{"Outputs":{},"Logs":[],"ReturnValue":"no JSON"}"#),
        (#"{"Outputs":{"q":"x"}}"#, #"{"Outputs":{"q":"x"}}"#),
    ])
    func `the result of an event is the return value, unless it names outputs`(
        result: String,
        body: String
    ) async throws {
        try await withHost(handler: AzureCustomHandler.handler(for: .events { _, _ in Array(result.utf8) })) {
            (host) async throws in
            #expect(try await invoke(host, "/queue", #"{"Data":{},"Metadata":{}}"#).body == body)
        }
    }

    @Test func `the host's question whether somebody is there is answered at once`() async throws {
        for program in [
            FunctionProgram.requests { _, _ in .text("function") }, .events { _, _ in Array("function".utf8) },
        ] {
            try await withHost(handler: AzureCustomHandler.handler(for: program)) { (host) async throws in
                #expect(try await host.ask("GET / HTTP/1.1\nHost: h\n\n")?.status == 204)
            }
        }
    }

    @Test(arguments: [
        #"{"Data":{"req":{"Url":"http://h/","Method":"P UT"}},"Metadata":{}}"#,
        #"{"Data":{"req":{"Url":"ftp://h/","Method":"PUT"}},"Metadata":{}}"#,
        #"{"Data":{"req":{"Url":"http://h/","Method":"PUT","Headers":{"a b":["c"]}}},"Metadata":{}}"#,
    ])
    func `a broken trigger and an answer that does not fit fail the invocation`(body: String) async throws {
        try await withHost(handler: AzureCustomHandler.handler(for: .requests(described))) { (host) async throws in
            #expect(try await invoke(host, "/users", body).status == 500)
        }
        let binary: FunctionHandler = { _, _ in FunctionResponse(body: [0xff]) }
        try await withHost(handler: AzureCustomHandler.handler(for: .requests(binary))) { (host) async throws in
            #expect(try await invoke(host, "/users", trigger("GET", body: "null")).status == 500)
            #expect(host.log.lines.all.contains { $0.contains("enableForwardingHttpRequest") })
        }
    }

    @Test func `a program speaks the host's language where the host is, unless it does so by itself`() async throws {
        let azure = HTTPPlatform(host: "127.0.0.1", port: 0, flavour: .azureCustomHandler)
        let body = trigger("PUT", body: "null")
        let requests = FunctionProgram.requests(described)
        try await withHost(handler: requests.requestHandler(on: azure)) { (host) async throws in
            #expect(try await invoke(host, "/users", body).body.hasPrefix(#"{"Outputs":{"res":{"statusCode":201"#))
        }
        let events = FunctionProgram.events { _, _ in Array("1".utf8) }
        try await withHost(handler: events.requestHandler(on: azure)) { (host) async throws in
            #expect(try await invoke(host, "/queue", body).body == #"{"Outputs":{},"Logs":[],"ReturnValue":1}"#)
        }
        let own = requests.requestHandler(on: azure, contract: .azureCustomHandler)
        let elsewhere = requests.requestHandler(on: HTTPPlatform(host: "127.0.0.1", port: 0))
        for handler in [own, elsewhere] {
            try await withHost(handler: handler) { (host) async throws in
                #expect(try await invoke(host, "/users", body).status == 201)
            }
        }
    }

    @Test func `several functions are told apart by the path`() async throws {
        let functions: [String: HostedFunction] = [
            "users": .http { request, _ in .text("users \(request.path)") }, "other": .http { _, _ in .text("other") },
        ]
        try await withHost(handler: AzureCustomHandler.handler(routing: functions)) { (host) async throws in
            #expect(try await invoke(host, "/api/users/1", "x").body == "users /api/users/1")
            #expect(try await invoke(host, "/other", "x").body == "other")
            // The outer path names the function; the path of the request is whatever its route is.
            #expect(try await invoke(host, "/other", trigger("GET", body: "null")).body.contains(#""body":"other""#))
            #expect(try await invoke(host, "/nobody", "x").status == 404)
        }
    }
}
