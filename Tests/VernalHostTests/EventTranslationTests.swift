import HTTPTypes
import Testing
import VernalHost

/// Events as AWS's fronts send them, cut down to what decides something.
private enum Sample {
    static let gatewayV1 = #"""
        {"resource":"/{proxy+}","path":"/users/a%20b","httpMethod":"POST",
         "headers":{"Host":"api.example.com","Accept":"b","X-One":"1"},
         "multiValueHeaders":{"Host":["api.example.com"],"Accept":["a","b"],"X-One":["1"]},
         "queryStringParameters":{"team":"b"},
         "multiValueQueryStringParameters":{"team":["a b&=","b"],"q":["ü"]},
         "requestContext":{"stage":"prod","path":"/prod/users/a%20b"},"body":"{}","isBase64Encoded":false}
        """#
    static let gatewayV2 = #"""
        {"version":"2.0","rawPath":"/users","rawQueryString":"team=a%20b&team=c","cookies":["a=1","b=2"],
         "headers":{"host":"api.example.com","accept":"a,b","date":"Sun, 06 Nov 1994 08:49:37 GMT"},
         "queryStringParameters":{"team":"a b,c"},
         "requestContext":{"http":{"method":"GET","path":"/users"},"stage":"$default"},"isBase64Encoded":false}
        """#
    static let loadBalancer = #"""
        {"requestContext":{"elb":{"targetGroupArn":"arn:x"}},"httpMethod":"GET","path":"/a%2Fb",
         "queryStringParameters":{"team":"a%20b","plus":"a+b"},
         "headers":{"host":"lb.example.com","accept":"*/*"},"body":"","isBase64Encoded":false}
        """#
    static let multiValueLoadBalancer = #"""
        {"requestContext":{"elb":{"targetGroupArn":"arn:x"}},"httpMethod":"GET","path":"/",
         "multiValueQueryStringParameters":{"team":["a%20b","c"]},
         "multiValueHeaders":{"host":["lb.example.com"],"cookie":["a=1","b=2"]},"body":"","isBase64Encoded":false}
        """#
}

private func translate(
    _ json: String,
    _ location: SourceLocation = #_sourceLocation
) throws -> (request: FunctionRequest, shape: EventShape) {
    try #require(try EventTranslation.request(fromEvent: Array(json.utf8)), sourceLocation: location)
}

@Suite struct EventRequestTests {
    @Test func `a REST API's event has many values, and its query is encoded again`() throws {
        let (request, shape) = try translate(Sample.gatewayV1)
        #expect(shape == EventShape(.gatewayV1))
        #expect(request.method == .post)
        #expect(request.head.path == "/users/a%20b?q=%C3%BC&team=a%20b%26%3D&team=b")
        #expect(request.pathComponents == ["users", "a b"])
        #expect(request.query.all("team") == ["a b&=", "b"] && request.query["q"] == "ü")
        #expect(request.head.authority == "api.example.com" && request.headers[HTTPField.Name("host") ?? .date] == nil)
        #expect(request.headers[values: .accept] == ["a", "b"])
        #expect(request.body == Array("{}".utf8))
    }

    @Test func `an HTTP API's event keeps its query and its joined fields, and gives cookies back`() throws {
        let (request, shape) = try translate(Sample.gatewayV2)
        #expect(shape == EventShape(.gatewayV2))
        #expect(request.head.path == "/users?team=a%20b&team=c")
        #expect(request.query.all("team") == ["a b", "c"])
        #expect(request.headers[.cookie] == "a=1; b=2")
        #expect(request.headers[values: .accept] == ["a,b"])
        #expect(request.headers[values: .date] == ["Sun, 06 Nov 1994 08:49:37 GMT"])
        #expect(request.body == [])
    }

    @Test func `a load balancer's query was never decoded`() throws {
        let (request, shape) = try translate(Sample.loadBalancer)
        #expect(shape == EventShape(.loadBalancer))
        #expect(request.head.path == "/a%2Fb?plus=a+b&team=a%20b")
        #expect(request.query["team"] == "a b" && request.query["plus"] == "a b")
        #expect(request.pathComponents == ["a/b"])
    }

    @Test func `a load balancer with many values is told from one without`() throws {
        let (request, shape) = try translate(Sample.multiValueLoadBalancer)
        #expect(shape == EventShape(.multiValueLoadBalancer))
        #expect(request.query.all("team") == ["a b", "c"])
        #expect(request.headers[values: .cookie] == ["a=1", "b=2"])
    }

    @Test func `a payload in format 1_0 from an HTTP API is one of a REST API`() throws {
        let json = Sample.gatewayV1.replacing("{\"resource\"", with: "{\"version\":\"1.0\",\"resource\"")
        #expect(try translate(json).shape == EventShape(.gatewayV1))
    }

    @Test(arguments: [
        ("/prod/users", "prod", "/users"), ("/prod", "prod", "/"), ("/production", "prod", "/production"),
        ("/users/prod", "prod", "/users/prod"), ("/$default/x", "$default", "/$default/x"), ("/a b", "prod", "/a%20b"),
        ("/ü%zz%41?#", "prod", "/%C3%BC%25zz%41%3F%23"), ("", "prod", "/"), ("x", "", "/x"),
        ("//a//b/", "prod", "//a//b/"), ("/a%", "prod", "/a%25"), ("/a+b;c=d", "prod", "/a+b;c=d"),
    ])
    func `the stage goes, and only what cannot stand in a path is encoded`(
        rawPath: String,
        stage: String,
        path: String
    ) throws {
        let json = """
            {"version":"2.0","rawPath":\(jsonString(rawPath)),"rawQueryString":"",
             "requestContext":{"http":{"method":"GET"},"stage":\(jsonString(stage)),"domainName":"d.example.com"}}
            """
        let request = try translate(json).request
        #expect(request.head.path == path && request.head.authority == "d.example.com")
    }

    @Test func `the stage is never added to or taken from the path of a REST API`() throws {
        let json = Sample.gatewayV1.replacing(#""path":"/users/a%20b""#, with: #""path":"/prod/users""#)
        #expect(try translate(json).request.path == "/prod/users")
    }

    @Test func `what is null or missing is nothing`() throws {
        let request = try translate(
            """
            {"httpMethod":"GET","resource":"/","path":null,"headers":null,"multiValueHeaders":null,"body":null,
             "queryStringParameters":null,"multiValueQueryStringParameters":null,"requestContext":{"stage":"prod"}}
            """
        ).request
        #expect(request.head.path == "/" && request.headers.isEmpty && request.body == [])
        let sparse = try translate(
            """
            {"httpMethod":"GET","resource":"/","path":"/","headers":{"a":null},"queryStringParameters":{"q":null,"r":""},
             "requestContext":{"stage":"prod"}}
            """
        ).request
        #expect(sparse.head.path == "/?q=&r=" && sparse.headers.isEmpty)
    }

    @Test func `a body in Base64 is decoded`() throws {
        let json = Sample.gatewayV1.replacing(
            #""body":"{}","isBase64Encoded":false"#,
            with: #""body":"AP+A","isBase64Encoded":true"#
        )
        #expect(try translate(json).request.body == [0, 0xff, 0x80])
    }

    @Test(arguments: [
        "", "null", "5", "[]", "{}", "\"GET / HTTP/1.1\"", "{", "\u{0}", #"{"Records":[{"eventSource":"aws:sqs"}]}"#,
        #"{"version":"0","source":"aws.events","detail":{}}"#, #"{"httpMethod":"GET","path":"/"}"#,
        #"{"type":"REQUEST","methodArn":"arn:x","resource":"/","httpMethod":"GET","requestContext":{"stage":"p"}}"#,
        #"{"version":"2.0","type":"REQUEST","routeArn":"arn:x","requestContext":{"http":{"method":"GET"}}}"#,
        #"{"requestContext":{"connectionId":"c","routeKey":"$connect","stage":"p"},"headers":{}}"#,
        #"{"version":"2.0","method":"GET","path":"/","requestContext":{"serviceNetworkArn":"arn:x"}}"#,
        #"{"requestContext":"text","httpMethod":"GET","resource":"/"}"#,
    ])
    func `what is no HTTP request is left alone`(json: String) throws {
        #expect(try EventTranslation.request(fromEvent: Array(json.utf8)) == nil)
    }

    @Test(arguments: [
        #""httpMethod":"POST""#: #""httpMethod":"P OST""#, #""httpMethod":"POST","#: #""httpMethod":null,"#,
        #""body":"{}","isBase64Encoded":false"#: #""body":"*","isBase64Encoded":true"#,
        #""Accept":["a","b"]"#: #""Accept":["a\r\nX: y"]"#, #""X-One":["1"]"#: #""X One":["1"]"#,
        #""Host":["api.example.com"]"#: #""Host":["a b"]"#, #""path":"/users/a%20b","#: #""path":5,"#,
        #""body":"{}""#: #""body":{}"#,
    ])
    func `a broken HTTP request is an error that holds nothing of it`(part: String, replacement: String) throws {
        let json = Sample.gatewayV1.replacing(part, with: replacement)
        try #require(json != Sample.gatewayV1)
        let error = try #require(throws: (any Error).self) { try EventTranslation.request(fromEvent: Array(json.utf8)) }
        #expect(error is RequestDecodingError || error is EventError)
        #expect(!"\(error)".contains("example.com") && !"\(error)".contains("X: y"))
    }
}

@Suite struct EventResponseTests {
    private func encode(
        _ response: FunctionResponse,
        _ front: EventShape.Front,
        isHead: Bool = false
    ) async throws -> String {
        String(
            decoding: try await EventTranslation.response(response, for: EventShape(front, isHead: isHead)),
            as: UTF8.self
        )
    }

    private var cookies: FunctionResponse {
        var response = FunctionResponse.text("ü", status: .created)
        response.headers.append(HTTPField(name: .setCookie, value: "a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT"))
        response.headers.append(HTTPField(name: .setCookie, value: "b=2"))
        response.headers.append(HTTPField(name: .vary, value: "a"))
        response.headers.append(HTTPField(name: .vary, value: "b"))
        response.headers[.contentLength] = "99"
        return response
    }

    private let first = "a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT"

    @Test func `a REST API gets every field with all its values`() async throws {
        #expect(
            try await encode(cookies, .gatewayV1)
                == #"""
                {"body":"ü","isBase64Encoded":false,"multiValueHeaders":{"content-type":["text/plain; charset=utf-8"],
                "set-cookie":["\#(first)","b=2"],"vary":["a","b"]},"statusCode":201}
                """#.replacing("\n", with: "")
        )
    }

    @Test func `an HTTP API gets cookies apart and other fields joined`() async throws {
        #expect(
            try await encode(cookies, .gatewayV2)
                == #"""
                {"body":"ü","cookies":["\#(first)","b=2"],"headers":{"content-type":"text/plain; charset=utf-8",
                "vary":"a, b"},"isBase64Encoded":false,"statusCode":201}
                """#.replacing("\n", with: "")
        )
    }

    @Test func `a load balancer gets a status in words, and cookies in names that differ in case`() async throws {
        #expect(
            try await encode(cookies, .loadBalancer)
                == #"""
                {"body":"ü","headers":{"Set-cookie":"b=2","content-type":"text/plain; charset=utf-8",
                "set-cookie":"\#(first)","vary":"a, b"},"isBase64Encoded":false,"statusCode":201,
                "statusDescription":"201 Created"}
                """#.replacing("\n", with: "")
        )
        let many = try await encode(cookies, .multiValueLoadBalancer)
        #expect(
            many.contains(#""set-cookie":["\#(first)","b=2"]"#) && many.contains(#""statusDescription":"201 Created""#)
        )
        #expect(!many.contains(#""headers""#))
    }

    @Test func `twenty cookies keep twenty names`() async throws {
        var response = FunctionResponse.empty(.ok)
        for index in 0..<20 { response.headers.append(HTTPField(name: .setCookie, value: "c=\(index);")) }
        let json = try await encode(response, .loadBalancer)
        #expect((0..<20).allSatisfy { json.contains("\"c=\($0);\"") })
    }

    @Test func `text is text, and anything else is Base64`() async throws {
        func body(_ bytes: [UInt8], coding: String? = nil) async throws -> Bool {
            var response = FunctionResponse(body: bytes)
            response.headers[.contentEncoding] = coding
            return try await encode(response, .gatewayV2).contains(#""isBase64Encoded":true"#)
        }
        #expect(try await !body([]))
        #expect(try await !body(Array("ü\u{0}\n\"".utf8)))
        #expect(try await body([0xff]))
        #expect(try await body([0xc3]))
        #expect(try await body(Array("text".utf8), coding: "gzip"))
        let binary = try await encode(FunctionResponse(body: [0, 0xff, 0x80]), .gatewayV2)
        #expect(binary.contains(#""body":"AP+A""#))
    }

    @Test(arguments: [(204, false), (304, false), (205, false), (200, true)])
    func `where HTTP has no content the event has none`(status: Int, isHead: Bool) async throws {
        let response = FunctionResponse.stream(status: .init(code: status)) { _ in
            Issue.record("the content was made")
        }
        #expect(try await encode(response, .gatewayV1, isHead: isHead).contains(#""body":"""#))
    }

    @Test func `a stream is collected, and one without end is given up`() async throws {
        let short = FunctionResponse.stream { writer in
            try await writer.write("ab")
            try await writer.write("c")
        }
        #expect(try await encode(short, .gatewayV2).contains(#""body":"abc""#))
        let endless = FunctionResponse.stream { writer in
            while true { try await writer.write([UInt8](repeating: 65, count: 1 << 20)) }
        }
        await #expect(throws: EventError.self) { try await encode(endless, .gatewayV2) }
    }

    @Test func `a HEAD request is remembered in the shape`() throws {
        let json = Sample.gatewayV2.replacing("\"GET\"", with: "\"HEAD\"")
        #expect(try translate(json).shape == EventShape(.gatewayV2, isHead: true))
    }

    @Test func `a status that nobody has named has its number alone`() async throws {
        let json = try await encode(FunctionResponse(status: .init(code: 299)), .loadBalancer)
        #expect(json.contains(#""statusDescription":"299""#))
    }
}
