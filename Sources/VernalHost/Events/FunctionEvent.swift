/// One event that is not an HTTP request: what a queue, a bucket, a schedule or a caller hands to the function.
public struct FunctionEvent: Sendable {
    /// The event as it came, in most cases JSON.
    public let body: [UInt8]

    /// Makes an event, for example to call a handler in a test.
    public init(body: [UInt8]) {
        self.body = body
    }

    /// Decodes the event from JSON; dates are in ISO 8601, with fractions of a second or without.
    ///
    /// `SQSEvent`, `S3Event`, `SNSEvent`, `EventBridgeEvent`, `DynamoDBEvent` and `KinesisEvent` are there to be decoded;
    /// of any other event, declare the fields that you need.
    ///
    /// - Throws: `RequestDecodingError`, which names the place and never a value.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try decodeJSON(type, from: body)
    }
}
