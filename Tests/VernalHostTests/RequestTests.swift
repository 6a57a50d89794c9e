import HTTPTypes
import Logging
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    private static let echo: FunctionHandler = { request, context in
        struct Echo: Encodable { var method: String, path: String, team: String?, authority: String?, body: String }
        return try .json(
            Echo(
                method: request.method.rawValue,
                path: request.path,
                team: request.query["team"],
                authority: request.head.authority,
                body: String(decoding: request.body, as: UTF8.self)
            )
        )
    }

    @Test func `a request reaches the handler and its answer the client`() async throws {
        try await withHost(handler: Self.echo) { host in
            let response = try #require(
                try await host.ask("POST /a%20b?team=red HTTP/1.1\nHost: h\nContent-Length: 4\n\nbody")
            )
            #expect(response.status == 200)
            #expect(response["content-type"] == "application/json")
            #expect(response["date"]?.hasSuffix("GMT") == true)
            #expect(response["connection"] == nil)
            #expect(
                response.body == #"{"authority":"h","body":"body","method":"POST","path":"/a%20b","team":"red"}"#
            )
        }
    }

    @Test func `chunks with extensions and trailers become one body`() async throws {
        try await withHost(handler: { request, _ in .text(String(decoding: request.body, as: UTF8.self)) }) { host in
            let response = try await host.ask(
                "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;x=y\nabc\n2\nde\n0\nX-Trailer: 1\n\n"
            )
            #expect(response?.body == "abcde")
        }
    }

    @Test func `the connection is kept and reports a cold start once`() async throws {
        try await withHost(handler: { _, context in .text("\(context.isColdStart)") }) { host in
            try await RawConnection.open(host.port) { connection in
                for expected in ["true", "false", "false"] {
                    try await connection.send("GET / HTTP/1.1\nHost: h\n\n")
                    #expect(try await connection.response()?.body == expected)
                }
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withHost(handler: { request, _ in .text(request.path) }) { host in
            try await RawConnection.open(host.port) { connection in
                let requests = (0..<50).map { "GET /\($0) HTTP/1.1\nHost: h\n\n" }
                try await connection.send(requests.joined())
                for index in 0..<50 { #expect(try await connection.response()?.body == "/\(index)") }
            }
        }
    }

    @Test func `a malformed request waits for the answers before it`() async throws {
        let (running, released) = (Event(), Event())
        let handler: FunctionHandler = { _, _ in
            running.happen()
            await released.wait()
            return .text("first")
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send("GET / HTTP/1.1\nHost: h\n\nnonsense\n\n")
                await running.wait()
                released.happen()
                #expect(try await connection.response()?.body == "first")
                #expect(try await connection.response()?.status == 400)
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test func `HEAD has the length of GET and no content`() async throws {
        try await withHost { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send("HEAD / HTTP/1.1\nHost: h\n\nGET / HTTP/1.1\nHost: h\n\n")
                #expect(try await connection.response(toHead: true)?["content-length"] == "5")
                #expect(try await connection.response()?.body == "hello")
            }
        }
    }

    @Test(arguments: [204, 304]) func `a status without content sends none`(status: Int) async throws {
        let response = FunctionResponse(status: .init(code: status), headers: [.contentLength: "9"], body: [65])
        try await withHost(handler: { _, _ in response }) { host in
            try await RawConnection.open(host.port) { connection in
                for _ in 0..<2 {
                    try await connection.send("GET / HTTP/1.1\nHost: h\n\n")
                    let response = try #require(try await connection.response())
                    #expect(response.status == status)
                    #expect(response["content-length"] == nil)
                }
            }
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.0\n\n", "GET / HTTP/1.0\nConnection: keep-alive\n\n",
        "GET / HTTP/1.1\nHost: h\nConnection: close\n\n",
    ])
    func `the connection is closed where it has to be`(request: String) async throws {
        try await withHost { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send(request)
                let response = try #require(try await connection.response())
                #expect(response.body == "hello")
                #expect(response["connection"] == "close")
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test func `an upgrade is not taken, and nothing after it is read as HTTP`() async throws {
        try await withHost { host in
            let all = try await host.exchange(
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
                    + "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
            )
            #expect(all.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(all.contains("Connection: close\r\n"))
            #expect(all.components(of: "HTTP/1.1") == 1)
        }
    }

    @Test func `an absolute target goes before Host, and an asterisk is a path`() async throws {
        try await withHost(handler: { request, _ in .text("\(request.head.authority ?? "") \(request.path)") }) {
            host in
            let absolute = try await host.ask("GET http://other/p?q HTTP/1.1\nHost: h\n\n")
            #expect(absolute?.body == "other /p")
            let asterisk = try await host.ask("OPTIONS * HTTP/1.1\nHost: h\n\n")
            #expect(asterisk?.body == "h *")
        }
    }

    @Test func `the request ID is given back, or made`() async throws {
        let handler: FunctionHandler = { _, context in
            context.logger.info("seen")
            return .text(context.requestID)
        }
        try await withHost(handler: handler) { host in
            let given = try #require(try await host.ask("GET / HTTP/1.1\nHost: h\nX-Request-Id: abc\n\n"))
            #expect(given.body == "abc" && given["x-request-id"] == "abc")
            #expect(host.log.lines.all.contains("info seen request-id=abc"))
            let made = try #require(try await host.ask("GET / HTTP/1.1\nHost: h\nX-Request-Id: a b\n\n"))
            #expect(made.body.utf8.count == 36 && made["x-request-id"] == made.body)
        }
    }

    @Test func `fields that only the host can know are the host's`() async throws {
        let headers: HTTPFields = [
            .contentLength: "99", .transferEncoding: "gzip", .connection: "upgrade", .server: "s",
        ]
        try await withHost(handler: { _, _ in FunctionResponse(headers: headers, body: [65]) }) { host in
            let response = try #require(try await host.ask("GET / HTTP/1.1\nHost: h\n\n"))
            #expect(response["content-length"] == "1" && response.body == "A")
            #expect(response["transfer-encoding"] == nil && response["connection"] == nil)
            #expect(response["server"] == "s")
        }
    }

    @Test func `a response cannot be split by a value or a reason`() async throws {
        let handler: FunctionHandler = { _, _ in
            FunctionResponse(
                status: .init(code: 200, reasonPhrase: "OK\r\nX-Evil: 1"),
                headers: [.server: "a\r\nX-Evil: 1"]
            )
        }
        try await withHost(handler: handler) { host in
            let response = try #require(try await host.ask("GET / HTTP/1.1\nHost: h\n\n"))
            #expect(response["x-evil"] == nil)
        }
    }
}

extension String {
    /// How often the text holds another.
    func components(of text: String) -> Int { ranges(of: text).count }
}
