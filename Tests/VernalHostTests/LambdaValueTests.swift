import HTTPTypes
import NIOHTTP1
import Testing
import VernalHost

@Suite struct LambdaValueTests {
    @Test(arguments: [
        ("127.0.0.1:9001", "127.0.0.1", 9001, ""), ("localhost:80", "localhost", 80, ""), ("host", "host", 80, ""),
        ("[::1]:9001", "::1", 9001, ""), ("[::1]", "::1", 80, ""),
        ("http://127.0.0.1:9000/.rt/users", "127.0.0.1", 9000, "/.rt/users"),
        ("HTTP://h/", "h", 80, ""), ("http://[fe80::1]:1/a/b//", "fe80::1", 1, "/a/b"), ("h:65535/x", "h", 65535, "/x"),
    ])
    func `the address of the runtime API is read`(text: String, host: String, port: Int, path: String) throws {
        let endpoint = try #require(RuntimeEndpoint(text))
        #expect(endpoint.host == host && endpoint.port == port && endpoint.path == path)
        #expect(RuntimeEndpoint("http://\(endpoint.authority)\(endpoint.path)") == endpoint)
    }

    @Test(arguments: [
        "", ":", ":80", "h:", "h:0", "h:65536", "h:+1", "h:1:2", "::1", "[::1", "[]:1", "[h]:1", "[::1]x", "https://h",
        "ftp://h", "http://", "http:///p", "h h:1", "h:1\n", "u@h:1", "h:1?q", "h:1#f", "h\u{0}:1", "hé:1", "h[x]:1",
    ])
    func `a malformed address is none`(text: String) {
        #expect(RuntimeEndpoint(text) == nil)
    }

    @Test(arguments: ["", " ", "a b", "a/b", "..\\", "a%2f", "é", "a\r\nb", String(repeating: "a", count: 129)])
    func `an invocation whose ID cannot stand in a path is none`(id: String) {
        #expect(LambdaInvocation(["Lambda-Runtime-Aws-Request-Id": id]) == nil)
        #expect(LambdaInvocation([:]) == nil)
    }

    @Test(arguments: [
        (Int64(1001), Duration.milliseconds(1)), (1000, nil), (0, nil), (-1, nil), (86_401_000, .seconds(86400)),
        (86_401_001, nil), (Int64.max, nil), (Int64.min, nil),
    ])
    func `the time that is left is what can be meant`(deadline: Int64, remaining: Duration?) throws {
        let headers: HTTPHeaders = [
            "LAMBDA-RUNTIME-AWS-REQUEST-ID": "x", "lambda-runtime-deadline-ms": "\(deadline)",
        ]
        #expect(try #require(LambdaInvocation(headers)).remaining(at: 1000) == remaining)
    }

    @Test func `what to do is decided by the status`() {
        let invocation: HTTPHeaders = ["Lambda-Runtime-Aws-Request-Id": "x"]
        for status in [100, 201, 202, 301, 400, 403, 404, 500, 503] {
            guard case .end(let error) = NextVerdict(RuntimeResponse(status: status, headers: invocation)) else {
                Issue.record("\(status) does not end the process")
                continue
            }
            #expect(error.code == .runtimeAPIFailed)
        }
        #expect(NextVerdict(RuntimeResponse(status: 204)) == .askAgain)
        guard case .handle = NextVerdict(RuntimeResponse(status: 200, headers: invocation)) else {
            Issue.record("200 is not an invocation")
            return
        }
        #expect([200, 202, 299].allSatisfy { PostVerdict(status: $0) == .delivered })
        #expect([400, 403, 410, 413, 499].allSatisfy { PostVerdict(status: $0) == .refused })
        for status in [100, 302, 500, 503] {
            guard case .end = PostVerdict(status: status) else {
                Issue.record("\(status) does not end the process")
                continue
            }
        }
    }

    @Test func `the type of an error is one that the platform takes`() throws {
        struct lowercase: Error {}
        struct With2Digits: Error {}
        struct Generic<T>: Error {}
        enum E: Error { case only }
        #expect(LambdaFailure(lowercase()).type == "Function.Lowercase")
        #expect(LambdaFailure(With2Digits()).type == "Function.WithDigits")
        #expect(LambdaFailure(Generic<Int>()).type == "Function.Generic")
        #expect(LambdaFailure(E.only).type == "Function.Error")
        #expect(LambdaFailure(CancellationError()).type == "Function.CancellationError")
        for failure in [LambdaFailure.timeout, .stopping, .notHTTP, .tooLarge(7)] {
            #expect(try #/(Runtime|Function)\.[A-Z][a-zA-Z]+/#.wholeMatch(in: failure.type) != nil, "\(failure.type)")
        }
    }

    @Test func `a long description of an error is cut`() {
        struct Long: Error, CustomStringConvertible {
            var description: String { String(repeating: "🐘", count: 100_000) }
        }
        #expect(LambdaFailure(Long()).json.count < 10_000)
    }
}
