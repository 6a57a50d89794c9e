import Foundation

/// Events as services send them, made up for tries.
package enum SampleEvent: String, Sendable, CaseIterable {
    case apigwV2 = "apigw-v2"
    case apigwV1 = "apigw-v1"
    case alb
    case sqs
    case s3
    case cloudevent

    /// The event's JSON.
    ///
    /// Method and target (path and query) are the request's, where the event is one; the body is its own or the message's.
    package func json(method: String, target: String, body: String?) -> [UInt8] {
        let requestID = RequestIdentifier.random()
        switch self {
        case .apigwV2:
            return HTTPEvent(
                method: method,
                target: target,
                headers: headers(body),
                body: Array((body ?? "").utf8),
                sourceAddress: "127.0.0.1",
                requestID: requestID
            ).json()
        case .apigwV1, .alb: return proxy(method, target, body, requestID)
        case .sqs: return queue(body ?? #"{"message":"hello"}"#, requestID)
        case .s3: return bucket(requestID)
        case .cloudevent: return cloudEvent(body, requestID)
        }
    }

    private func headers(_ body: String?) -> [(name: String, value: String)] {
        var headers = [("host", "localhost"), ("user-agent", "vernal"), ("accept", "*/*")]
        if body != nil { headers.append(("content-type", "application/json")) }
        return headers.map { (name: $0.0, value: $0.1) }
    }

    private func proxy(_ method: String, _ target: String, _ body: String?, _ requestID: String) -> [UInt8] {
        let path = String(target.prefix { $0 != "?" })
        let parameters = HTTPEvent.parameters(target.drop { $0 != "?" }.dropFirst())
        var json = JSONText()
        json.object {
            if self == .apigwV1 { $0.field("resource", "/{proxy+}") }
            $0.field("path", path)
            $0.field("httpMethod", method)
            $0.field("headers") { object in for (name, value) in headers(body) { object.field(name, value) } }
            if self == .apigwV1 {
                $0.field("multiValueHeaders") { object in
                    for (name, value) in headers(body) { object.field(name, strings: [value]) }
                }
            }
            if parameters.isEmpty, self == .apigwV1 {
                $0.fieldNull("queryStringParameters")
            } else {
                $0.field("queryStringParameters") { object in
                    for (name, value) in parameters { object.field(name, value) }
                }
            }
            if self == .apigwV1, !parameters.isEmpty {
                $0.field("multiValueQueryStringParameters") { object in
                    for (name, value) in parameters { object.field(name, strings: [value]) }
                }
            }
            $0.field("requestContext") { context in
                if self == .alb {
                    context.field("elb") {
                        $0.field(
                            "targetGroupArn",
                            "arn:aws:elasticloadbalancing:us-east-1:012345678912:targetgroup/local/0123456789abcdef"
                        )
                    }
                    return
                }
                context.field("accountId", FunctionIdentity.account)
                context.field("stage", "prod")
                context.field("requestId", requestID)
                context.field("path", "/prod\(path)")
                context.field("httpMethod", method)
                context.field("identity") { $0.field("sourceIp", "127.0.0.1") }
            }
            if let body {
                $0.field("body", body)
            } else if self == .alb {
                $0.field("body", "")
            } else {
                $0.fieldNull("body")
            }
            $0.field("isBase64Encoded", false)
        }
        return json.bytes
    }

    private func queue(_ body: String, _ requestID: String) -> [UInt8] {
        records {
            $0.field("messageId", requestID)
            $0.field("receiptHandle", "local")
            $0.field("body", body)
            $0.field("attributes") {
                $0.field("ApproximateReceiveCount", "1")
                $0.field("SentTimestamp", String(Int(Date().timeIntervalSince1970 * 1000)))
            }
            $0.field("messageAttributes") { _ in }
            $0.field("eventSource", "aws:sqs")
            $0.field("eventSourceARN", "arn:aws:sqs:us-east-1:012345678912:local")
            $0.field("awsRegion", "us-east-1")
        }
    }

    private func bucket(_ requestID: String) -> [UInt8] {
        records {
            $0.field("eventVersion", "2.1")
            $0.field("eventSource", "aws:s3")
            $0.field("awsRegion", "us-east-1")
            $0.field("eventTime", Self.now)
            $0.field("eventName", "ObjectCreated:Put")
            $0.field("s3") {
                $0.field("s3SchemaVersion", "1.0")
                $0.field("bucket") {
                    $0.field("name", "local-bucket")
                    $0.field("arn", "arn:aws:s3:::local-bucket")
                }
                $0.field("object") {
                    $0.field("key", "hello.txt")
                    $0.field("size", 5)
                    $0.field("sequencer", requestID)
                }
            }
        }
    }

    private func records(_ record: (inout JSONText) -> Void) -> [UInt8] {
        var inner = JSONText()
        inner.object(record)
        var json = JSONText()
        json.object { $0.field("Records", raw: "[\(inner.text)]".utf8) }
        return json.bytes
    }

    private func cloudEvent(_ body: String?, _ requestID: String) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.field("specversion", "1.0")
            $0.field("id", requestID)
            $0.field("source", "/vernal/invoke")
            $0.field("type", "com.example.hello")
            $0.field("time", Self.now)
            $0.field("datacontenttype", "application/json")
            $0.field("data", raw: (body ?? #"{"message":"hello"}"#).utf8)
        }
        return json.bytes
    }

    private static var now: String { Date().formatted(.iso8601) }
}
