import Foundation
import LocalFunctions
import Testing

@Suite struct `A request as an event` {
    private func event(
        _ method: String = "GET",
        _ target: String,
        _ headers: [(name: String, value: String)] = [],
        _ body: [UInt8] = []
    ) throws -> [String: Any] {
        let event = HTTPEvent(
            method: method,
            target: target,
            headers: headers,
            body: body,
            sourceAddress: "192.0.2.7",
            requestID: "id"
        )
        let json = event.json(at: Date(timeIntervalSince1970: 1_583_348_638.39))
        return try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    }

    @Test func `keeps path and query as they came`() throws {
        let event = try event("GET", "/a%2Fb/%C3%A4?x=1&y=%20+z&x=2&flag")
        #expect(event["rawPath"] as? String == "/a%2Fb/%C3%A4")
        #expect(event["rawQueryString"] as? String == "x=1&y=%20+z&x=2&flag")
        #expect(event["queryStringParameters"] as? [String: String] == ["x": "1,2", "y": "  z", "flag": ""])
        #expect(event["version"] as? String == "2.0")
    }

    @Test func `joins headers and takes the cookies out`() throws {
        let event = try event(
            "GET",
            "/",
            [("X-Two", "a"), ("x-two", "b"), ("Cookie", "c=1; d=2"), ("Host", "example.test:81")]
        )
        let headers = try #require(event["headers"] as? [String: String])
        #expect(headers["x-two"] == "a,b")
        #expect(headers["cookie"] == nil)
        #expect(headers["x-forwarded-for"] == "192.0.2.7")
        #expect(headers["x-forwarded-port"] == "81")
        #expect(event["cookies"] as? [String] == ["c=1", "d=2"])
        let context = try #require(event["requestContext"] as? [String: Any])
        #expect(context["time"] as? String == "04/Mar/2020:19:03:58 +0000")
        #expect(context["timeEpoch"] as? Int == 1_583_348_638_390)
        #expect(context["domainName"] as? String == "example.test")
    }

    @Test(arguments: [
        ("application/json", "{\"a\":\"\\u0001ä\"}", true), ("text/plain; charset=utf-8", "ä", true),
        ("application/problem+json", "{}", true), ("image/png", "abc", false), ("", "abc", false),
    ])
    func `has text as text and anything else as base64`(type: String, text: String, isText: Bool) throws {
        let event = try event("POST", "/", [("Content-Type", type)], Array(text.utf8))
        #expect(event["isBase64Encoded"] as? Bool == !isText)
        #expect(event["body"] as? String == (isText ? text : Data(text.utf8).base64EncodedString()))
    }

    @Test func `has bytes that are no text as base64, whatever they are called`() throws {
        let event = try event("POST", "/", [("Content-Type", "text/plain")], [0xFF])
        #expect(event["body"] as? String == "/w==")
        let zipped = try self.event(
            "POST",
            "/",
            [("content-type", "text/plain"), ("Content-Encoding", "gzip")],
            [0x41]
        )
        #expect(zipped["isBase64Encoded"] as? Bool == true)
    }
}

@Suite struct `A result as a response` {
    @Test func `is what it says when it has a status`() throws {
        let json = #"{"statusCode":201,"headers":{"A":"b","N":7},"cookies":["c=d"],"body":"hällo"}"#
        let response = try #require(HTTPEventResponse(result: Array(json.utf8)))
        #expect(response.status == 201)
        #expect(response.headers == ["A": "b", "N": "7", "Content-Type": "application/json"])
        #expect(response.cookies == ["c=d"])
        #expect(response.body == Array("hällo".utf8))
    }

    @Test(arguments: ["[1]", "\"text\"", "{\"a\":1}", "null", "no JSON", ""])
    func `is a body when it has none`(result: String) throws {
        let response = try #require(HTTPEventResponse(result: Array(result.utf8)))
        #expect(response.status == 200)
        #expect(response.body == Array(result.utf8))
        #expect(response.headers == ["Content-Type": "application/json"])
    }

    @Test(arguments: [
        #"{"statusCode":"many"}"#, #"{"statusCode":99}"#, #"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
        #"{"statusCode":200,"headers":{"a b":"c"}}"#, #"{"statusCode":200,"headers":{"a":"b\nc"}}"#,
    ])
    func `is none when it contradicts itself`(result: String) {
        #expect(HTTPEventResponse(result: Array(result.utf8)) == nil)
    }

    @Test func `decodes what is encoded`() throws {
        let json =
            #"{"statusCode":"200","body":"/w==","isBase64Encoded":true,"multiValueHeaders":{"Set-Cookie":["a","b"]}}"#
        let response = try #require(HTTPEventResponse(result: Array(json.utf8)))
        #expect(response.body == [0xFF])
        #expect(response.cookies == ["a", "b"])
    }

    @Test(arguments: 1...30)
    func `finds its head however it is cut`(size: Int) throws {
        let whole = Array(#"{"statusCode":202}"#.utf8) + [UInt8](repeating: 0, count: 8) + Array("the rest".utf8)
        var prelude = IntegrationPrelude()
        var found: (head: [UInt8], rest: [UInt8])?
        var rest = whole[...]
        while !rest.isEmpty, found == nil {
            found = prelude.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        let parts = try #require(found)
        #expect(HTTPEventResponse(prelude: parts.head)?.status == 202)
        #expect(parts.rest + rest == Array("the rest".utf8))
    }
}

@Suite struct `Sample events` {
    @Test(arguments: SampleEvent.allCases)
    func `are JSON, with any body`(sample: SampleEvent) throws {
        for body in [nil, #"{"a":"b\"c"}"#] {
            let json = sample.json(method: "POST", target: "/p?a=b%20c", body: body)
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json)) }
        }
    }
}

@Suite struct `JSON text` {
    @Test func `escapes what has to be escaped`() throws {
        let text = (0..<128).compactMap { UnicodeScalar($0).map(String.init) }.joined() + "ä€😀\u{2028}"
        var json = JSONText()
        json.object {
            $0.field("a\"b", text)
            $0.field("n", 5)
            $0.field("t", true)
            $0.field("o") { _ in }
            $0.field("s", strings: ["x", "y"])
            $0.fieldNull("z")
        }
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
        #expect(object["a\"b"] as? String == text)
        #expect(object["n"] as? Int == 5)
        #expect(object["s"] as? [String] == ["x", "y"])
        #expect(object.count == 6)
    }
}
