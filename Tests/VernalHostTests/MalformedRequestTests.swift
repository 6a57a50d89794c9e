import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct MalformedRequestTests {
    @Test(arguments: [
        "nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n", "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{0}b\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
    ])
    func `a malformed request is refused with 400`(bytes: String) async throws {
        try await expect(400, bytes)
    }

    @Test(arguments: [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3, 4\r\n", "Content-Length: -3\r\n",
        "Content-Length: +3\r\n", "Content-Length: 0x3\r\n", "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n",
        "Content-Length: 3\r\n\tfolded: x\r\n", "Content-Length:\r\n",
    ])
    func `a body without one clear length is refused, and nothing after it is a request`(fields: String) async throws {
        let body = "3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
        let all = try await withHost(handler: { request, _ in .text("handled \(request.path)") }) { host in
            try await host.exchange("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\(body)")
        }
        #expect([400, 501].contains(RawResponse(head: all).status), "\(all)")
        #expect(!all.contains("handled"))
        #expect(all.components(of: "HTTP/1.1 ") == 1)
    }

    @Test func `chunks in HTTP 1_0 are refused`() async throws {
        try await expect(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    }

    @Test(arguments: ["z\r\n", "-1\r\nx", "3\r\nabcd\r\n", "fffffffffffffffff\r\n"])
    func `a malformed chunk is refused`(chunk: String) async throws {
        try await expect(400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
    }

    @Test func `an unknown version is refused with 505`() async throws {
        try await expect(505, "GET / HTTP/3.7\r\nHost: h\r\n\r\n")
        try await expect(505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n")
        try await expect(505, "GET /\r\n\r\n")
        // The parser reports a line feed right after the version as a part of the version.
        try await expect(505, "GET / HTTP/1.1\nHost: h\n\n")
    }

    @Test func `a coding and a method that are not supported are refused with 501`() async throws {
        try await expect(501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
        try await expect(501, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n")
    }

    /// Bare line feeds are either refused or mean what they mean everywhere: one request, one answer.
    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: h\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
    ])
    func `a bare line feed or carriage return is refused`(bytes: String) async throws {
        try await expect(400, bytes)
    }

    private func expect(_ status: Int, _ bytes: String, _ location: SourceLocation = #_sourceLocation) async throws {
        try await withHost { host in
            let all = try await host.exchange(bytes)
            #expect(RawResponse(head: all).status == status, "\(all)", sourceLocation: location)
            #expect(all.contains("Connection: close\r\n"), sourceLocation: location)
            #expect(all.components(of: "HTTP/1.1 ") == 1, sourceLocation: location)
        }
    }
}
