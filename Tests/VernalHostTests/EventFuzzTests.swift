import HTTPTypes
import Logging
import Testing
import VernalHost

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Random and damaged events: whatever comes, the answer is a request, none, or an error, and never the end of the process.
///
/// `VERNAL_FUZZ` is the number of inputs (10,000), `VERNAL_SEED` chooses other ones.
@Suite(.timeLimit(.minutes(30))) struct EventFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["VERNAL_FUZZ"].flatMap { Int($0) } ?? 10_000
    private static let seed = environment["VERNAL_SEED"].flatMap { UInt64($0) } ?? 4

    private static let samples: [String] = [
        #"{"resource":"/","path":"/a%20b","httpMethod":"GET","headers":{"Host":"h","A":null},"multiValueHeaders":{"A":["b"]},"#
            + #""multiValueQueryStringParameters":{"q":["a","b"]},"requestContext":{"stage":"p"},"body":"YQ==","isBase64Encoded":true}"#,
        #"{"version":"2.0","rawPath":"/p/a","rawQueryString":"a=b&c","cookies":["a=1"],"headers":{"host":"h","x":"y,z"},"#
            + #""requestContext":{"http":{"method":"POST"},"stage":"p","domainName":"d"},"body":"é\u20ac","isBase64Encoded":false}"#,
        #"{"requestContext":{"elb":{}},"httpMethod":"PUT","path":"/","queryStringParameters":{"a":"%20"},"headers":{}}"#,
        #"{"Records":[{"messageId":"m","body":"b","attributes":{},"messageAttributes":{},"eventSourceARN":"a.fifo"}]}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2018-04-05T17:31:00Z","n":-5,"data":{"a":[1.5e3,null]}}"#,
        #"[{"specversion":"1.0","id":"\ud83d\ude00","source":"/s","type":"t","data_base64":"aGk=","subject":null}]"#,
        #"{"Data":{"req":{"Url":"http://h/a?b","Method":"GET","Headers":{"a":["b"]},"Body":{"c":1}}},"Metadata":{}}"#,
    ]
    private static let events = samples.map { Array($0.utf8) }

    private static let fragments = [
        "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u", "\\ud800", "null", "true", "-0", "1e9999",
        "99999999999999999999", "0.0",
        "\u{0}", "\u{ff}", "%", "%zz", "é", "\"version\":\"2.0\",", "\"requestContext\":{\"elb\":1},",
        "\"isBase64Encoded\":true,",
        "[[[[[[[[", "{\"a\":", " ", "\n", "\"data\":1,", "Host", "1969-12-31T23:59:59.999999999Z",
        "0000-00-00T99:99:99Z",
    ].map { Array($0.utf8) }

    private static let values = [
        "1.0", "", "\"", "\"\\", "\"a\\\"", "%", "%f0%9f%98%80", "%c0%a0", "a b", "application/cloudevents+json",
        "/;charset",
        "application/cloudevents-batch+json;charset=\"utf-8\"", ";", "text/plain; charset=", "2018-04-05T17:31:00Z",
        "é",
    ]

    private static func input(_ random: inout SeededGenerator) -> [UInt8] {
        if Int.random(in: 0..<10, using: &random) == 0 {
            return (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var bytes = events.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: place)
            case 3: bytes.replaceSubrange(place..<end, with: bytes[end...].prefix(12))
            default: bytes.removeSubrange(end...)
            }
        }
        return bytes
    }

    private static func fields(_ random: inout SeededGenerator) -> HTTPFields {
        var fields: HTTPFields = [:]
        let names = ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-x", "ce-", "content-type"]
        for name in names where Int.random(in: 0..<8, using: &random) > 0 {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: values.randomElement(using: &random) ?? ""))
        }
        return fields
    }

    @Test func `no event and no CloudEvent ends the process`() async throws {
        print("events from VERNAL_SEED=\(Self.seed), VERNAL_FUZZ=\(Self.count)")
        let fronts: [EventShape.Front] = [.gatewayV1, .gatewayV2, .loadBalancer, .multiValueLoadBalancer]
        let azure = AzureCustomHandler.handler(for: .requests { request, _ in .text(request.path) })
        let context = InvocationContext(requestID: "r", logger: .init(label: "fuzz") { _ in RecordedLog().handler })
        let asks: HTTPFields = [try #require(.init("x-azure-functions-invocationid")): "i"]
        var random = SeededGenerator(state: Self.seed)
        var (requests, refused, read) = (0, 0, 0)
        for index in 0..<Self.count {
            let bytes = Self.input(&random)
            do {
                if let (request, shape) = try EventTranslation.request(fromEvent: bytes) {
                    requests += 1
                    _ = (request.query.all("q"), request.pathComponents)
                    _ = try await EventTranslation.response(FunctionResponse(body: request.body), for: shape)
                }
            } catch { refused += 1 }
            let headers =
                index.isMultiple(of: 2) ? Self.fields(&random) : [.contentType: "application/cloudevents+json"]
            if let message = try? CloudEventMessage(headers: headers, body: bytes) {
                read += 1
                // Whatever was read can be written, and is read as the same again.
                let response = try message.response()
                guard case .bytes(let body) = response.body else { continue }
                let again = try CloudEventMessage(headers: response.headers, body: body)
                // In JSON, data without a media type is read as JSON that says so.
                let isPlain = message.events.allSatisfy { $0.data == nil || $0.dataContentType != nil }
                #expect(again == message || !isPlain)
            }
            let response = FunctionResponse(headers: Self.fields(&random), body: bytes)
            _ = try await EventTranslation.response(response, for: EventShape(fronts[index % fronts.count]))
            _ = try? await FunctionEvent(body: bytes).forEachSQSMessage(in: context) { _ in }
            _ = try? await azure(FunctionRequest(method: .post, target: "/f", headers: asks, body: bytes), context)
        }
        // The inputs are of use: all three outcomes come about.
        #expect(requests > Self.count / 50 && refused > 0 && read > Self.count / 100)
    }
}
