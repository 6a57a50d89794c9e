import NIOCore
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    private func small(_ options: inout HostOptions) {
        (options.maxBodyBytes, options.maxHeaderBytes, options.maxHeaderFields, options.maxTargetBytes) =
            (10, 200, 5, 100)
    }

    /// The status with which the host answers the bytes and closes.
    private func status(of bytes: String) async throws -> Int {
        try await withHost(small, handler: { _, _ in .text("handled") }) { host in
            let all = try await host.exchange(bytes)
            #expect(all.components(of: "HTTP/1.1 ") == 1)
            #expect(all.contains("Connection: close\r\n"))
            return RawResponse(head: all).status
        }
    }

    @Test func `a body that is announced too large is refused before it is sent`() async throws {
        #expect(try await status(of: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n") == 413)
    }

    @Test func `a body that becomes too large is refused while it is read`() async throws {
        let chunk = "6\r\nabcdef\r\n"
        #expect(
            try await status(of: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)")
                == 413
        )
    }

    @Test func `a body of exactly the limit is taken`() async throws {
        try await withHost(small) { host in
            let answer = try await host.ask("POST / HTTP/1.1\nHost: h\nContent-Length: 10\n\n0123456789")
            #expect(answer?.status == 200)
        }
    }

    @Test(arguments: [101, 150, 5000, 100_000])
    func `a long target is refused, whoever notices first`(length: Int) async throws {
        let target = "/" + String(repeating: "x", count: length - 1)
        #expect(try await status(of: "GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n") == 414)
    }

    @Test(arguments: [201, 250, 5000, 100_000])
    func `a large header is refused, whoever notices first`(length: Int) async throws {
        let value = String(repeating: "x", count: length)
        #expect(try await status(of: "GET / HTTP/1.1\r\nHost: h\r\nX: \(value)\r\n\r\n") == 431)
    }

    @Test func `many small fields are refused, in the header and in the trailer`() async throws {
        let fields = String(repeating: "X: y\r\n", count: 5)
        #expect(try await status(of: "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n") == 431)
        let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        #expect(try await status(of: "\(chunked)\(fields)\r\n") == 431)
    }

    @Test func `a large body arrives whole`() async throws {
        let handler: FunctionHandler = { request, _ in .text("\(request.body.count)") }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                let size = 6 * 1024 * 1024
                try await connection.send("POST / HTTP/1.1\nHost: h\nContent-Length: \(size)\n\n")
                try await connection.sendRaw([UInt8](repeating: 120, count: size))
                #expect(try await connection.response()?.body == "\(size)")
            }
        }
    }

    @Test func `the client is told to continue when the body is wanted`() async throws {
        try await withHost(handler: { request, _ in .text("\(request.body.count)") }) { host in
            try await RawConnection.open(host.port) { connection in
                for _ in 0..<2 {
                    try await connection.send("POST / HTTP/1.1\nHost: h\nContent-Length: 2\nExpect: 100-continue\n\n")
                    #expect(try await connection.response(toHead: true)?.head == "HTTP/1.1 100 Continue")
                    try await connection.send("ab")
                    #expect(try await connection.response()?.body == "2")
                }
            }
        }
    }

    @Test func `the client is not told to continue when the body is too large`() async throws {
        #expect(
            try await status(
                of: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
            ) == 413
        )
    }

    @Test func `the client is not told to continue before its earlier request is answered`() async throws {
        try await withHost(handler: { request, _ in .text(request.path) }) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send(
                    "GET /a HTTP/1.1\nHost: h\n\nPOST /b HTTP/1.1\nHost: h\nContent-Length: 1\nExpect: 100-continue\n\n"
                )
                #expect(try await connection.response()?.body == "/a")
                #expect(try await connection.response(toHead: true)?.status == 100)
                try await connection.send("x")
                #expect(try await connection.response()?.body == "/b")
            }
        }
    }

    @Test(arguments: [
        "GET", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
    func `a request that stops half way is refused in time`(bytes: String) async throws {
        try await withHost({
            ($0.headerTimeout, $0.bodyTimeout) = (.milliseconds(30), .milliseconds(30))
        }) { host in
            let all = try await host.exchange(bytes)
            #expect(RawResponse(head: all).status == 408)
        }
    }

    @Test func `a header that drips does not get more time`() async throws {
        try await withHost({ $0.headerTimeout = .milliseconds(100) }) { host in
            try await RawConnection.open(host.port) { connection in
                let start = ContinuousClock.now
                try await connection.send("GET / HTTP/1.1\n")
                while connection.channel.isActive, ContinuousClock.now - start < .seconds(5) {
                    do { try await connection.send("X: y\n") } catch { break }
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(ContinuousClock.now - start < .seconds(4))
            }
        }
    }

    @Test func `an idle connection is closed in time without a word`() async throws {
        try await withHost({ $0.keepAliveTimeout = .milliseconds(50) }) { host in
            #expect(try await host.exchange("") == "")
            try await RawConnection.open(host.port) { connection in
                try await connection.send("GET / HTTP/1.1\nHost: h\n\n")
                #expect(try await connection.response()?.body == "hello")
                #expect(try await connection.rest() == "")
            }
        }
    }

    @Test func `a handler may take longer than the limits for the client`() async throws {
        let handler: FunctionHandler = { _, _ in
            try await Task.sleep(for: .milliseconds(200))
            return .text("slow")
        }
        try await withHost(
            {
                ($0.headerTimeout, $0.bodyTimeout) = (.milliseconds(20), .milliseconds(20))
                $0.keepAliveTimeout = .milliseconds(100)
            },
            handler: handler
        ) { host in
            let answer = try await host.ask("GET / HTTP/1.1\nHost: h\n\n")
            #expect(answer?.body == "slow")
        }
    }

    @Test func `a client that does not take the response is dropped`() async throws {
        let ended = Event()
        let handler: FunctionHandler = { _, _ in
            .stream { writer in
                defer { ended.happen() }
                while true { try await writer.write([UInt8](repeating: 65, count: 65536)) }
            }
        }
        try await withHost({ $0.writeTimeout = .milliseconds(100) }, handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.channel.setOption(.autoRead, value: false).get()
                try await connection.send("GET / HTTP/1.1\nHost: h\n\n")
                await ended.wait()
            }
        }
    }
}

@Suite struct ConnectionCapacityTests {
    @Test(arguments: [0, 1, 20, 64, 256, 1024, 1_048_576, Int(Int32.max)])
    func `connections leave files to others, and there is always one`(files: Int) {
        let capacity = connectionCapacity(files: files)
        #expect(capacity >= 1)
        if files >= 256 { #expect(capacity < files - 60) }
        if files >= 1024 { #expect(capacity > files / 2) }
    }
}
