import HTTPTypes
import Testing
import VernalHost

private struct User: Decodable {
    var name: String
    var tags: [Int]
}

@Suite struct RequestValueTests {
    @Test func `the query gives first and all values, decoded`() {
        let query = RequestQuery("team=a%20b&x=1+2&team=c&empty=&flag&na%6De=v&=nameless&&e=a=b")
        #expect(query["team"] == "a b")
        #expect(query.all("team") == ["a b", "c"])
        #expect(query["x"] == "1 2")
        #expect(query["empty"] == "")
        #expect(query["flag"] == "")
        #expect(query["name"] == "v")
        #expect(query["e"] == "a=b")
        #expect(query["missing"] == nil)
        #expect(query.all("missing").isEmpty)
    }

    @Test(arguments: [
        ("a=%", "%"), ("a=%4", "%4"), ("a=%zz", "%zz"), ("a=%41", "A"), ("a=%%41", "%A"), ("a=%C3%A4", "ä"),
        ("a=%FF", "\u{FFFD}"), ("a=%2B", "+"),
    ])
    func `broken escapes stay, and what is not UTF-8 is replaced`(query: String, value: String) {
        #expect(RequestQuery(query)["a"] == value)
    }

    @Test func `the path is split from the query and into decoded segments`() {
        let request = FunctionRequest(target: "/users//a%20b/c%2Fd/+/?q=/x?y")
        #expect(request.path == "/users//a%20b/c%2Fd/+/")
        #expect(request.query.raw == "q=/x?y")
        #expect(request.pathComponents == ["users", "a b", "c/d", "+"])
        #expect(FunctionRequest(target: "/").pathComponents.isEmpty)
    }

    @Test func `a body that cannot be decoded says where, and not what it holds`() {
        func message(_ body: String) -> String {
            do {
                _ = try FunctionRequest(target: "/", body: Array(body.utf8)).decode(User.self)
                return "decoded"
            } catch { return "\(error)" }
        }
        #expect(message(#"{"tags":[]}"#) == #"the field "name" is missing"#)
        #expect(message(#"{"name":"n","tags":[1,"secret"]}"#) == #"the field "tags[1]" has the wrong type"#)
        #expect(message(#"{"name":null,"tags":[]}"#) == #"the field "name" has no value"#)
        #expect(message("{secret") == "the body is not valid JSON")
        #expect(message("") == "the body is not valid JSON")
    }

    @Test(arguments: [
        ("abc-1", true), (String(repeating: "x", count: 128), true), (String(repeating: "x", count: 129), false),
        ("", false), ("a b", false), ("a\tb", false), ("ä", false),
    ])
    func `only a sane request ID is taken over`(proposed: String, isTaken: Bool) {
        let id = requestID(from: proposed)
        #expect((id == proposed) == isTaken)
        #expect(isTaken || id.utf8.count == 36)
    }

    @Test func `a JSON string escapes what has to be escaped`() {
        #expect(jsonString("a\"b\\c\n\u{1}ä") == #""a\"b\\c\u000a\u0001ä""#)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func `dates are written as HTTP wants them`(seconds: Int, text: String) {
        #expect(httpDate(seconds) == text)
    }
}
