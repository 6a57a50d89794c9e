/// A batch of messages from Amazon SQS.
///
/// `FunctionEvent.forEachSQSMessage(in:_:)` handles the messages one by one and reports those that failed.
public struct SQSEvent: Decodable, Sendable {
    /// The messages.
    public var messages: [Message]

    private enum CodingKeys: String, CodingKey { case messages = "Records" }

    /// One message.
    public struct Message: Decodable, Sendable {
        /// Names the message, also in the report of what failed.
        public var messageID: String
        /// The text of the message.
        public var body: String
        /// What the queue knows of the message, such as `ApproximateReceiveCount`.
        public var attributes: [String: String]
        /// What the sender added to the message.
        public var messageAttributes: [String: MessageAttribute]
        /// The ARN of the queue.
        public var queueARN: String

        private enum CodingKeys: String, CodingKey {
            case messageID = "messageId", queueARN = "eventSourceARN"
            case body, attributes, messageAttributes
        }

        /// Whether the queue promises the order of messages, so that none may be handled before one that failed.
        public var isOrdered: Bool { queueARN.hasSuffix(".fifo") }

        /// Decodes the text of the message from JSON; dates are in ISO 8601, with fractions of a second or without.
        ///
        /// - Throws: `RequestDecodingError`, which names the place and never a value.
        public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try decodeJSON(type, from: Array(body.utf8))
        }
    }

    /// A value that the sender added to a message.
    public struct MessageAttribute: Decodable, Sendable {
        /// The type: `String`, `Number` or `Binary`, perhaps with a label after a full stop.
        public var dataType: String
        /// The value of a text or a number.
        public var stringValue: String?
        /// The value of bytes, in Base64.
        public var binaryValue: String?
    }
}
