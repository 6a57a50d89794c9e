import HTTPTypes
import Logging
import Testing
import VernalHost

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

private func context(_ log: RecordedLog = RecordedLog()) -> InvocationContext {
    InvocationContext(requestID: "r", logger: Logger(label: "test") { _ in log.handler })
}

private func sqs(_ bodies: [String], queue: String = "orders") -> FunctionEvent {
    let records = bodies.enumerated().map { index, body in
        """
        {"messageId":"m\(index)","receiptHandle":"h","body":\(jsonString(body)),"attributes":{"SenderId":"s"},
         "messageAttributes":{"kind":{"dataType":"String","stringValue":"new"}},
         "eventSourceARN":"arn:aws:sqs:eu-west-1:1:\(queue)"}
        """
    }
    return FunctionEvent(body: Array("{\"Records\":[\(records.joined(separator: ","))]}".utf8))
}

private struct Refused: Error {}

@Suite struct EventBatchTests {
    @Test func `messages that fail are reported, and the others are done`() async throws {
        let log = RecordedLog()
        var done: [String] = []
        let result = try await sqs(["a", "bad", "c", "bad"]).forEachSQSMessage(in: context(log)) { message in
            if message.body == "bad" { throw Refused() }
            done.append(message.body)
        }
        #expect(
            String(decoding: result, as: UTF8.self)
                == #"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m3"}]}"#
        )
        #expect(done == ["a", "c"])
        #expect(log.lines.all.count == 2 && log.lines.all.allSatisfy { $0.contains("message-id=m") })
        #expect(log.lines.all.allSatisfy { $0.contains("request-id=r") })
    }

    @Test func `a batch without failures is done`() async throws {
        let result = try await sqs(["a"]).forEachSQSMessage(in: context()) { _ in }
        #expect(String(decoding: result, as: UTF8.self) == #"{"batchItemFailures":[]}"#)
    }

    @Test func `in a FIFO queue nothing is handled after a failure`() async throws {
        var done: [String] = []
        let result = try await sqs(["a", "bad", "c"], queue: "orders.fifo").forEachSQSMessage(in: context()) {
            message in
            if message.body == "bad" { throw Refused() }
            done.append(message.body)
        }
        #expect(done == ["a"])
        #expect(result == BatchResponse(failed: ["m1", "m2"]).bytes)
    }

    @Test func `after a cancellation nothing is begun`() async throws {
        let isHandling = Event()
        let result = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                try await sqs(["a", "b", "c"]).forEachSQSMessage(in: context()) { message in
                    isHandling.happen()
                    try? await Task.sleep(for: .seconds(60))  // Until it is cancelled.
                }
            }
            await isHandling.wait()
            group.cancelAll()
            return try await group.next()
        }
        #expect(result == BatchResponse(failed: ["m1", "m2"]).bytes)
    }

    @Test func `an event of another kind is an error`() async {
        await #expect(throws: RequestDecodingError.self) {
            try await FunctionEvent(body: Array("{}".utf8)).forEachSQSMessage(in: context()) { _ in }
        }
    }

    @Test func `a message knows its queue, its attributes and its JSON`() throws {
        struct Order: Decodable { var id: Int }
        let message = try #require(try sqs([#"{"id":7}"#]).decode(SQSEvent.self).messages.first)
        #expect(message.messageID == "m0" && message.attributes == ["SenderId": "s"] && !message.isOrdered)
        #expect(message.messageAttributes["kind"]?.stringValue == "new")
        #expect(try message.decode(Order.self).id == 7)
    }
}

@Suite struct EventDecodingTests {
    @Test(arguments: [
        "1970-01-01T00:00:01Z", "1970-01-01T00:00:01.000Z", "1970-01-01T01:00:01+01:00",
        "1970-01-01T00:00:01.000000000+00:00", "1969-12-31T23:00:01-01:00", "1970-01-01t00:00:01z",
    ])
    func `dates are understood with fractions and without`(text: String) throws {
        let json = #"{"id":"i","source":"s","detail-type":"t","time":"\#(text)","resources":[],"detail":{}}"#
        let event = try FunctionEvent(body: Array(json.utf8)).decode(EventBridgeEvent<[String: String]>.self)
        #expect(event.time.timeIntervalSince1970 == 1)
    }

    @Test(arguments: [
        ("2000-02-29T12:30:15.25Z", 951_827_415.25), ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799), ("2016-12-31T23:59:60Z", 1_483_228_800),
    ])
    func `a date is the second that it says`(text: String, seconds: Double) throws {
        let date = try FunctionEvent(body: Array("\"\(text)\"".utf8)).decode(Date.self)
        #expect(date.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z", "1970-13-01T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1970-01-00T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00ZZ", " 1970-01-01T00:00:00Z",
        "19x0-01-01T00:00:00Z", "1900-02-29T00:00:00Z",
    ])
    func `what is no date is refused`(text: String) {
        #expect(throws: RequestDecodingError.self) {
            try FunctionEvent(body: Array("\"\(text)\"".utf8)).decode(Date.self)
        }
    }

    @Test func `an object's key is decoded`() throws {
        let json = #"""
            {"Records":[{"eventName":"ObjectRemoved:Delete","eventTime":"1970-01-01T00:00:00.000Z",
             "s3":{"bucket":{"name":"b"},"object":{"key":"a+b/%C3%BC%2B"}}}]}
            """#
        let record = try #require(try FunctionEvent(body: Array(json.utf8)).decode(S3Event.self).records.first)
        #expect(record.key == "a b/ü+" && record.size == nil && record.bucket == "b")
    }

    @Test func `a DynamoDB value is what its letters say`() throws {
        let json = #"""
            {"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"id":{"N":"1e2"}},
             "NewImage":{"s":{"S":"x"},"b":{"B":"AP8="},"t":{"BOOL":true},"n":{"NULL":true},"l":{"L":[{"S":"y"}]},
             "m":{"M":{"k":{"N":"1"}}},"ss":{"SS":["a"]},"ns":{"NS":["1"]},"bs":{"BS":["AP8="]}}}}]}
            """#
        let change = try #require(try FunctionEvent(body: Array(json.utf8)).decode(DynamoDBEvent.self).records.first)
            .change
        #expect(change.keys == ["id": .number("1e2")] && change.oldImage == nil)
        #expect(
            change.newImage == [
                "s": .string("x"), "b": .binary([0, 0xff]), "t": .bool(true), "n": .null, "l": .list([.string("y")]),
                "m": .map(["k": .number("1")]), "ss": .stringSet(["a"]), "ns": .numberSet(["1"]),
                "bs": .binarySet(["AP8="]),
            ]
        )
    }

    @Test(arguments: ["{}", #"{"S":"a","N":"1"}"#, #"{"X":1}"#, #"{"B":"*"}"#])
    func `a DynamoDB value without clear letters is an error`(value: String) {
        #expect(throws: RequestDecodingError.self) {
            try FunctionEvent(body: Array(value.utf8)).decode(DynamoDBEvent.Value.self)
        }
    }
}

@Suite struct EventOverHTTPTests {
    private let handler = EventsOverHTTP.handler { event, _ in event.body }

    @Test func `a POST is an event, and its result the body`() async throws {
        let response = try await handler(FunctionRequest(method: .post, target: "/any", body: [1]), context())
        guard case .bytes([1]) = response.body else { throw Refused() }
        #expect(response.status == .ok && response.headers[.contentType] == "application/json")
    }

    @Test func `an empty result has no content`() async throws {
        let response = try await handler(FunctionRequest(method: .post, target: "/"), context())
        #expect(response.status == .noContent)
    }

    @Test func `another method is told what to send`() async throws {
        let response = try await handler(FunctionRequest(method: .get, target: "/"), context())
        #expect(response.status == .methodNotAllowed && response.headers[.allow] == "POST")
    }

    @Test func `what the handler throws passes through`() async {
        let failing = EventsOverHTTP.handler { _, _ in throw Refused() }
        await #expect(throws: Refused.self) {
            try await failing(FunctionRequest(method: .post, target: "/"), context())
        }
    }
}
