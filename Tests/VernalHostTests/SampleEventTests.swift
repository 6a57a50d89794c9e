import Foundation
import HTTPTypes
import Testing
import VernalHost

private let eventFolder = ProcessInfo.processInfo.environment["VERNAL_AWS_EVENTS"].map { URL(fileURLWithPath: $0) }

/// The events that `sam local generate-event` makes, in the folder that `VERNAL_AWS_EVENTS` names.
@Suite(.enabled(if: eventFolder != nil, "VERNAL_AWS_EVENTS is not set; Tests/run.sh sets it"))
struct SampleEventTests {
    private func event(_ name: String) throws -> FunctionEvent {
        let folder = try #require(eventFolder)
        return FunctionEvent(body: Array(try Data(contentsOf: folder.appending(path: name + ".json"))))
    }

    private func request(_ name: String) throws -> (request: FunctionRequest, shape: EventShape) {
        try #require(try EventTranslation.request(fromEvent: event(name).body))
    }

    @Test func `of all the events three are HTTP requests`() throws {
        let folder = try #require(eventFolder)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(names.count >= 60)
        let requests = try names.map { String($0.dropLast(5)) }.filter {
            try EventTranslation.request(fromEvent: event($0).body) != nil
        }
        #expect(requests.sorted() == ["alb-request", "apigateway-aws-proxy", "apigateway-http-api-proxy"])
    }

    @Test func `API Gateway's events of both versions are requests`() throws {
        let (first, firstShape) = try request("apigateway-aws-proxy")
        #expect(firstShape == EventShape(.gatewayV1))
        #expect(first.method == .post && first.head.path == "/path/to/resource?foo=bar")
        #expect(first.head.authority == "0123456789.execute-api.us-east-1.amazonaws.com")
        #expect(first.headers[.acceptEncoding] == "gzip, deflate, sdch")
        #expect(String(decoding: first.body, as: UTF8.self) == #"{"test":"body"}"#)
        let (second, secondShape) = try request("apigateway-http-api-proxy")
        #expect(secondShape == EventShape(.gatewayV2))
        #expect(second.method == .post && second.path == "/path/to/resource")
        #expect(second.query.all("parameter1") == ["value1", "value2"] && second.query["parameter2"] == "value")
        #expect(second.headers[.cookie] == "cookie1; cookie2")
        #expect(second.headers[values: .init("header2") ?? .date] == ["value1,value2"])
        #expect(String(decoding: second.body, as: UTF8.self) == #"{"test":"body"}"#)
    }

    @Test func `a load balancer's event is a request`() throws {
        let (request, shape) = try request("alb-request")
        #expect(shape == EventShape(.loadBalancer))
        #expect(request.method == .post && request.head.path == "/path/to/resource?query=1234ABCD")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"test":"body"}"#)
    }

    @Test func `events of queues, buckets, topics, buses and streams have the types that are there for them`() throws {
        let message = try #require(try event("sqs-receive-message").decode(SQSEvent.self).messages.first)
        #expect(message.body == "Hello from SQS!" && message.attributes["ApproximateReceiveCount"] == "1")
        let object = try #require(try event("s3-put").decode(S3Event.self).records.first)
        #expect(object.eventName == "ObjectCreated:Put" && object.bucket == "example-bucket")
        #expect(object.key == "test/key" && object.size == 1024 && object.eventTime.timeIntervalSince1970 == 0)
        #expect(try event("s3-delete").decode(S3Event.self).records.first?.eventName == "ObjectRemoved:Delete")
        let note = try #require(try event("sns-notification").decode(SNSEvent.self).records.first?.message)
        #expect(note.text == "example message" && note.subject == "example subject")
        let schedule = try event("cloudwatch-scheduled-event").decode(EventBridgeEvent<[String: String]>.self)
        #expect(schedule.source == "aws.events" && schedule.detailType == "Scheduled Event" && schedule.detail == [:])
        let changes = try event("dynamodb-update").decode(DynamoDBEvent.self).records
        #expect(changes.map(\.eventName) == ["INSERT", "MODIFY", "REMOVE"])
        #expect(changes[0].change.newImage == ["Message": .string("New item!"), "Id": .number("101")])
        #expect(changes[2].change.newImage == nil && changes[2].change.keys == ["Id": .number("101")])
        let record = try #require(try event("kinesis-get-records").decode(KinesisEvent.self).records.first)
        #expect(String(decoding: record.data, as: UTF8.self) == "Hello, this is a test 123.")
        #expect(record.partitionKey == "partitionKey-03" && !record.sequenceNumber.isEmpty)
    }
}
