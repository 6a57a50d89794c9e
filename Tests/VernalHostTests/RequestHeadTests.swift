import HTTPTypes
import Testing
import VernalHost

@Suite struct RequestHeadTests {
    private func judge(
        _ fields: [(name: String, value: String)],
        method: String = "POST",
        target: String = "/",
        isHTTP10: Bool = false
    ) throws -> RequestHead {
        var options = HostOptions()
        (options.maxBodyBytes, options.maxHeaderBytes, options.maxHeaderFields, options.maxTargetBytes) = (
            10, 60, 4, 16
        )
        return try RequestHead(
            method: method,
            target: target,
            isHTTP10: isHTTP10,
            fields: fields,
            limits: RequestLimits(options)
        )
    }

    private func status(_ fields: [(name: String, value: String)], isHTTP10: Bool = false) -> Int? {
        do {
            _ = try judge(fields, isHTTP10: isHTTP10)
            return nil
        } catch { return (error as? Refusal)?.status.code }
    }

    private let host = (name: "Host", value: "a")

    @Test func `a plain head is converted`() throws {
        let head = try judge([("hOST", "a.b:80"), ("X-A", "1"), ("x-a", "2")], method: "GET", target: "/p?q")
        #expect(head.request.method == .get)
        #expect(head.request.authority == "a.b:80")
        #expect(head.request.path == "/p?q")
        #expect(head.request.headerFields[values: HTTPField.Name("x-a") ?? .date] == ["1", "2"])
        #expect(head.request.headerFields.count == 2)
        #expect(head.contentLength == nil && !head.isChunked && !head.expectsContinue && !head.asksForUpgrade)
    }

    @Test func `what decides about the body is noted`() throws {
        #expect(try judge([host, ("content-length", "10")]).contentLength == 10)
        #expect(try judge([host, ("Transfer-Encoding", "Chunked")]).isChunked)
        #expect(try judge([host, ("Expect", "100-Continue")]).expectsContinue)
        #expect(try judge([("Expect", "100-continue")], isHTTP10: true).expectsContinue == false)
        #expect(try judge([host, ("Upgrade", "h2c")]).asksForUpgrade)
    }

    @Test func `limits hold exactly`() {
        #expect(status([host, ("content-length", "11")]) == 413)
        #expect(status([host, ("x", String(repeating: "v", count: 54))]) == nil)
        #expect(status([host, ("x", String(repeating: "v", count: 55))]) == 431)
        #expect(status([host, ("x", ""), ("x", ""), ("x", "")]) == nil)
        #expect(status([host, ("x", ""), ("x", ""), ("x", ""), ("x", "")]) == 431)
        #expect(throws: Never.self) { try judge([host], target: "/" + String(repeating: "p", count: 15)) }
        #expect(throws: Refusal.targetTooLong) { try judge([host], target: "/" + String(repeating: "p", count: 16)) }
    }

    @Test(arguments: ["-1", "+1", "1,1", "0x1", "1 ", "", "99999999999999999999"])
    func `a content length that is not plain digits is refused`(value: String) {
        #expect(status([host, ("Content-Length", value)]) == 400)
    }

    @Test func `two opinions about the length of the body are refused`() {
        #expect(status([host, ("Content-Length", "1"), ("Content-Length", "2")]) == 400)
        #expect(status([host, ("Content-Length", "1"), ("Transfer-Encoding", "chunked")]) == 400)
        #expect(status([host, ("Transfer-Encoding", "chunked"), ("Content-Length", "1")]) == 400)
        #expect(status([host, ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]) == 400)
        #expect(status([("Transfer-Encoding", "chunked")], isHTTP10: true) == 400)
        #expect(status([host, ("Transfer-Encoding", "gzip, chunked")]) == 501)
        #expect(status([host, ("Expect", "tea")]) == 417)
    }

    @Test func `exactly one valid Host is required`() {
        #expect(status([]) == 400)
        #expect(status([], isHTTP10: true) == nil)
        #expect(status([host, host]) == 400)
        #expect(status([("Host", "")]) == nil)
        #expect(status([("Host", "a b")]) == 400)
        #expect(status([("Host", "a/b")]) == 400)
        #expect(status([("Host", "[::1]:8080")]) == nil)
    }

    @Test func `malformed fields are refused`() {
        #expect(status([host, ("x", "a\r\nb")]) == 400)
        #expect(status([host, ("x", "a\u{0}b")]) == 400)
        #expect(status([host, ("x y", "a")]) == 400)
        #expect(status([host, ("", "a")]) == 400)
        #expect(status([host, ("x", "a\tb ä")]) == nil)
    }

    @Test(arguments: [
        ("GET", "http://h:1/p?q", "/p?q", "h:1"), ("GET", "HTTP://h", "/", "h"), ("GET", "https://h?q", "/?q", "h"),
        ("OPTIONS", "*", "*", "a"), ("GET", "//x/y", "//x/y", "a"),
    ])
    func `every form of target is understood`(method: String, target: String, path: String, authority: String) throws {
        let head = try judge([host], method: method, target: target)
        #expect(head.request.path == path)
        #expect(head.request.authority == authority)
    }

    @Test(arguments: [
        ("GET", "*"), ("GET", "p"), ("GET", ""), ("GET", "/a#b"), ("GET", "ftp://h/"), ("GET", "http:///p"),
        ("GET", "http:/h"), ("GET", "/a b"), ("G T", "/"),
    ])
    func `a malformed request line is refused`(method: String, target: String) throws {
        let refusal = try #require(throws: Refusal.self) { try judge([host], method: method, target: target) }
        #expect(refusal.status == .badRequest)
    }

    @Test func `CONNECT is refused`() {
        #expect(throws: Refusal.self) { try judge([host], method: "CONNECT", target: "h:1") }
    }
}
