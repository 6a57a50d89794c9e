import HTTPTypes
import Testing
import VernalHost

private func fields(_ pairs: [(String, String)]) throws -> HTTPFields {
    var fields: HTTPFields = [:]
    for (name, value) in pairs { fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
    return fields
}

private let required = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")]
private let structured: HTTPFields = [.contentType: "application/cloudevents+json; charset=UTF-8"]
private let batched: HTTPFields = [.contentType: "application/cloudevents-batch+json"]

private func read(_ json: String) throws -> CloudEvent {
    let message = try CloudEventMessage(headers: structured, body: Array(json.utf8))
    return try #require(message.events.first)
}

private func json(_ members: String) -> String {
    #"{"specversion":"1.0","id":"1","source":"/s","type":"t"\#(members.isEmpty ? "" : ",")\#(members)}"#
}

private let brokenEvents: [String] = [
    "", "null", "[]", "{", String(json("").dropLast()), json("") + "x", json(#""a":1.5"#), json(#""a":2147483648"#),
    json(#""a":{}"#), json(#""A":"x""#), json(#""id":"2""#), json(#""data":1,"data_base64":"aGk=""#),
    json(#""data_base64":"*""#), json(#""data_base64":5"#), json(#""datacontenttype":"text/xml","data":{}"#),
    json(#""data":01"#), json(#""data":nul"#), json(#""data":"\x""#), json(#""data":"\u12g4""#),
    json("\"data\":\"\u{1}\""),
    json(#""subject":"\ud83d""#), json(#""subject":"\ude00\ud83d""#), json(#""data":[1,]"#), json(#""data":{,}"#),
    json(#""data":{"a"}"#), json(#""data":.5"#), json(#""data":-"#), json(#""data":1e"#), json(#""data":1."#),
    json(#""data":\#(String(repeating: "[", count: 600))"#),
    json(#""data":\#(String(repeating: "[", count: 600))\#(String(repeating: "]", count: 600))"#),
]

@Suite struct CloudEventReadingTests {
    @Test func `the binary form has its attributes in the header`() throws {
        let headers = try fields(
            required + [
                ("Ce-Subject", "Euro%20%E2%82%AC%20%f0%9f%98%80"), ("ce-time", "2018-04-05T17:31:00.5+02:00"),
                ("ce-dataschema", "http://schema"), ("ce-comexample", "5"), ("Content-Type", "text/plain"),
                ("X-Other", "x"),
            ]
        )
        let message = try CloudEventMessage(headers: headers, body: [1, 2])
        #expect(
            message
                == .binary(
                    CloudEvent(
                        id: "1",
                        source: "/s",
                        type: "t",
                        subject: "Euro € 😀",
                        time: "2018-04-05T17:31:00.5+02:00",
                        dataContentType: "text/plain",
                        dataSchema: "http://schema",
                        extensions: ["comexample": "5"],
                        data: [1, 2]
                    )
                )
        )
    }

    @Test(arguments: [
        ("a b", "a b"), ("%41", "A"), ("100%", "100%"), ("%zz", "%zz"), (#""a \"b\" \\ c""#, #"a "b" \ c"#),
        ("%2541", "%41"),
        (#""%20""#, " "), ("\"", "\""), ("ü", "ü"),
    ])
    func `a header value is unquoted and decoded once`(value: String, text: String) throws {
        let headers = try fields(required + [("ce-subject", value)])
        #expect(try CloudEventMessage(headers: headers, body: []).events.first?.subject == text)
    }

    @Test func `the structured form keeps data that is JSON byte for byte`() throws {
        let event = try read(
            json(#""datacontenttype":"application/json","data": { "b" : 1.10, "a":[1e400,"\u00e9"] } ,"n":5"#)
        )
        #expect(String(decoding: event.data ?? [], as: UTF8.self) == #"{ "b" : 1.10, "a":[1e400,"\u00e9"] }"#)
        #expect(event.extensions == ["n": "5"])
    }

    @Test(
        arguments: [
            (#""data":"text""#, #""text""#, "application/json"), (#""data":null"#, "null", "application/json"),
            (#""datacontenttype":"text/xml","data":"<a b=\"c\"/>\u20ac""#, #"<a b="c"/>€"#, "text/xml"),
            (#""datacontenttype":"application/vnd.x+json","data":"text""#, #""text""#, "application/vnd.x+json"),
            (#""datacontenttype":"image/png","data_base64":"aGk=""#, "hi", "image/png"),
            (#""data_base64":"aGk=""#, "hi", nil),
            (#""data":1,"data_base64":null"#, "1", "application/json"),
        ] as [(String, String, String?)]
    )
    func `data is what its media type says`(members: String, data: String, type: String?) throws {
        let event = try read(json(members))
        #expect(String(decoding: event.data ?? [], as: UTF8.self) == data)
        #expect(event.dataContentType == type)
    }

    @Test func `an attribute of null is none, and others have the text of their value`() throws {
        let event = try read(json(#""subject":null,"a":null,"b":true,"c":-2147483648,"d":"\ud83d\ude00""#))
        #expect(event.subject == nil && event.extensions == ["b": "true", "c": "-2147483648", "d": "😀"])
        #expect(event.data == nil)
    }

    @Test func `a batch has any number of events`() throws {
        let body = "[ \(json("")) ,\(json(#""subject":"x""#))]"
        #expect(try CloudEventMessage(headers: batched, body: Array(body.utf8)).events.map(\.subject) == [nil, "x"])
        #expect(try CloudEventMessage(headers: batched, body: Array("[]".utf8)) == .batched([]))
    }

    @Test(arguments: [
        "application/cloudevents+avro", "application/cloudevents", "application/cloudevents-batch+xml",
        "application/cloudevents+json; charset=utf-16",
    ])
    func `another format is told from a broken event`(type: String) throws {
        #expect(throws: CloudEventMessage.UnsupportedFormat.self) {
            try CloudEventMessage(headers: [.contentType: type], body: Array(json("").utf8))
        }
    }

    @Test(arguments: ["ce-specversion", "ce-id", "ce-source", "ce-type"])
    func `what is required is required, in every form`(name: String) throws {
        let error = try #require(throws: CloudEventError.self) {
            try CloudEventMessage(headers: fields(required.filter { $0.0 != name }), body: [])
        }
        #expect(error.description.contains(name.dropFirst(3)))
        let member = "\"\(name.dropFirst(3))\""
        #expect(throws: CloudEventError.self) { try read(json("").replacing(member, with: "\"x\"")) }
        #expect(throws: CloudEventError.self) {
            try CloudEventMessage(headers: fields(required.map { $0.0 == name ? ($0.0, "") : $0 }), body: [])
        }
    }

    @Test(arguments: [
        ("ce-specversion", "0.3"), ("ce-subject", "%C0%A0"), ("ce-subject", "%ff"), ("ce-subject", "a%00b"),
        ("ce-subject", ""), ("ce-time", "yesterday"), ("ce-time", "2018-04-05"), ("ce-a-b", "x"), ("ce-a_b", "x"),
        ("ce-", "x"), ("ce-data", "x"), ("ce-subject", "a%C2%85b"),
    ])
    func `a broken attribute is refused and not repeated`(name: String, value: String) throws {
        let error = try #require(throws: CloudEventError.self) {
            try CloudEventMessage(headers: fields(required.filter { $0.0 != name } + [(name, value)]), body: [])
        }
        #expect(value.count < 3 || !error.description.contains(value))
    }

    @Test func `an attribute that comes twice is refused`() throws {
        #expect(throws: CloudEventError.self) {
            try CloudEventMessage(headers: fields(required + [("CE-ID", "2")]), body: [])
        }
    }

    @Test(arguments: brokenEvents)
    func `a broken event in JSON is refused`(text: String) {
        #expect(throws: CloudEventError.self) { try read(text) }
    }

    @Test func `JSON that is not UTF-8 is refused`() {
        let body = Array(json("").utf8).map { $0 == UInt8(ascii: "t") ? 0xff : $0 }
        #expect(throws: CloudEventError.self) { try CloudEventMessage(headers: structured, body: body) }
    }

    @Test func `a name of an event that is decoded for a user is missing where it is missing`() throws {
        struct Order: Decodable { var id: Int }
        let event = try read(json(#""data":{"id":7}"#))
        #expect(try event.decode(Order.self).id == 7)
        #expect(throws: RequestDecodingError.self) { try read(json("")).decode(Order.self) }
    }
}

@Suite struct CloudEventWritingTests {
    private let event = CloudEvent(
        id: "1",
        source: "/s",
        type: "t",
        subject: "a \"b\" 100% €",
        time: "2018-04-05T17:31:00Z",
        dataContentType: "application/json",
        dataSchema: "http://schema",
        extensions: ["b": "2", "a": "1"],
        data: Array(#"{"x":1.10}"#.utf8)
    )

    private func bytes(_ response: FunctionResponse) throws -> [UInt8] {
        guard case .bytes(let bytes) = response.body else { throw Truncated() }
        return bytes
    }

    @Test func `the binary form encodes what a header cannot hold`() throws {
        let response = try CloudEventMessage.binary(event).response()
        #expect(response.headers[HTTPField.Name("ce-subject") ?? .date] == "a%20%22b%22%20100%25%20%E2%82%AC")
        #expect(response.headers[.contentType] == "application/json")
        #expect(response.headers[HTTPField.Name("ce-datacontenttype") ?? .date] == nil)
    }

    @Test func `the structured form is the JSON format`() throws {
        let response = try CloudEventMessage.structured(event).response()
        #expect(response.headers[.contentType] == "application/cloudevents+json; charset=utf-8")
        #expect(
            String(decoding: try bytes(response), as: UTF8.self)
                == #"""
                {"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"a \"b\" 100% €",
                "time":"2018-04-05T17:31:00Z","dataschema":"http://schema","a":"1","b":"2",
                "datacontenttype":"application/json","data":{"x":1.10}}
                """#.replacing("\n", with: "")
        )
    }

    @Test func `what is written is read as the same, in every form`() throws {
        var events = [event, CloudEvent(id: "2", source: "s", type: "t")]
        for (type, data) in [
            ("text/plain", Array("ü\"\\\n".utf8)), ("image/png", [0, 0xff]), ("application/json", [0xff]),
            ("application/json", Array("no JSON".utf8)), ("application/x+json", Array("[]".utf8)),
        ] {
            var other = event
            (other.dataContentType, other.data) = (type, data)
            events.append(other)
        }
        for event in events {
            for message in [CloudEventMessage.binary(event), .structured(event), .batched([event, event])] {
                let response = try message.response()
                #expect(try CloudEventMessage(headers: response.headers, body: bytes(response)) == message)
            }
        }
    }

    @Test(arguments: ["", "a-b", "A", "data"]) func `a name that is none is not sent`(name: String) {
        var event = event
        event.extensions = [name: "x"]
        #expect(throws: CloudEventError.self) { try CloudEventMessage.binary(event).response() }
        #expect(throws: CloudEventError.self) { try CloudEventMessage.structured(event).response() }
    }

    @Test func `a value cannot split the header`() throws {
        var event = event
        event.subject = "a\r\nX: y"
        #expect(throws: CloudEventError.self) { try CloudEventMessage.binary(event).response() }
    }
}

@Suite struct CloudEventServingTests {
    private let echo = CloudEventsOverHTTP.handler { event, _ in event }

    private func post(_ host: RunningHost, _ head: String, _ body: String) async throws -> RawResponse {
        let request = "POST /any HTTP/1.1\nHost: h\n\(head)\nContent-Length: \(body.utf8.count)\n\n\(body)"
        return try #require(try await host.ask(request))
    }

    @Test func `a reply goes back in the form in which its event came`() async throws {
        try await withHost(handler: echo) { host in
            let binary = try await post(host, required.map { "\($0): \($1)" }.joined(separator: "\n"), "hi")
            #expect(binary.status == 200 && binary["ce-id"] == "1" && binary.body == "hi")
            let one = try await post(host, "Content-Type: application/cloudevents+json", json(""))
            #expect(one["content-type"] == "application/cloudevents+json; charset=utf-8" && one.body == json(""))
            let batch = "[\(json("")),\(json(""))]"
            #expect(try await post(host, "Content-Type: application/cloudevents-batch+json", batch).body == batch)
        }
    }

    @Test func `without a reply there is no content`() async throws {
        try await withHost(handler: CloudEventsOverHTTP.handler { _, _ in nil }) { (host) async throws in
            #expect(try await post(host, "Content-Type: application/cloudevents+json", json("")).status == 204)
            #expect(try await post(host, "Content-Type: application/cloudevents-batch+json", "[]").status == 204)
        }
    }

    @Test func `what is no CloudEvent is refused by its fault`() async throws {
        try await withHost(handler: echo) { (host) async throws in
            #expect(try await post(host, "X: y", "hi").status == 400)
            #expect(try await post(host, "Content-Type: application/cloudevents+json", "{").status == 400)
            #expect(try await post(host, "Content-Type: application/cloudevents+avro", "x").status == 415)
            #expect(try await host.ask("GET / HTTP/1.1\nHost: h\n\n")?.status == 405)
        }
    }

    @Test func `a failure of the handler is one of the function, and data that does not fit one of the sender`()
        async throws
    {
        struct Broken: Error {}
        try await withHost(handler: CloudEventsOverHTTP.handler { _, _ in throw Broken() }) { (host) async throws in
            #expect(try await post(host, "Content-Type: application/cloudevents+json", json("")).status == 500)
        }
        let decoding = CloudEventsOverHTTP.handler { event, _ in
            _ = try event.decode([Int].self)
            return nil
        }
        try await withHost(handler: decoding) { (host) async throws in
            #expect(
                try await post(host, "Content-Type: application/cloudevents+json", json(#""data":5"#)).status == 400
            )
        }
    }
}
