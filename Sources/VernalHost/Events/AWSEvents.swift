#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Something happened to objects in Amazon S3.
///
/// Only what says which object it is; for more, decode the event into a type of your own.
public struct S3Event: Decodable, Sendable {
    /// What happened, to one object each.
    public var records: [Record]

    private enum CodingKeys: String, CodingKey { case records = "Records" }

    /// What happened to one object.
    public struct Record: Decodable, Sendable {
        /// What happened, such as `ObjectCreated:Put`.
        public var eventName: String
        /// When it happened.
        public var eventTime: Date
        /// The name of the bucket.
        public var bucket: String
        /// The key of the object.
        ///
        /// In the event a space is a plus sign and other characters are percent-encoded; this is the key itself.
        public var key: String
        /// The size in bytes; `nil` for an object that was deleted.
        public var size: Int?
        /// The version of the object; `nil` in a bucket without versions.
        public var versionID: String?

        /// Decodes a record, and the key in it.
        public init(from decoder: any Decoder) throws {
            let wire = try Wire(from: decoder)
            (eventName, eventTime, bucket) = (wire.eventName, wire.eventTime, wire.s3.bucket.name)
            key = percentDecoded(wire.s3.object.key.utf8, plusIsSpace: true)
            (size, versionID) = (wire.s3.object.size, wire.s3.object.versionId)
        }

        private struct Wire: Decodable {
            struct S3: Decodable {
                struct Bucket: Decodable { var name: String }
                struct Object: Decodable {
                    var key: String
                    var size: Int?
                    var versionId: String?
                }
                var bucket: Bucket
                var object: Object
            }
            var eventName: String
            var eventTime: Date
            var s3: S3
        }
    }
}

/// Messages of topics of Amazon SNS.
public struct SNSEvent: Decodable, Sendable {
    /// The messages; SNS sends one for each invocation.
    public var records: [Record]

    private enum CodingKeys: String, CodingKey { case records = "Records" }

    /// One message with its way.
    public struct Record: Decodable, Sendable {
        /// The message.
        public var message: Message
        private enum CodingKeys: String, CodingKey { case message = "Sns" }
    }

    /// One message.
    public struct Message: Decodable, Sendable {
        /// Names the message.
        public var messageID: String
        /// The ARN of the topic.
        public var topicARN: String
        /// The subject; `nil` when the sender gave none.
        public var subject: String?
        /// The text.
        public var text: String
        /// When it was sent.
        public var timestamp: Date

        private enum CodingKeys: String, CodingKey {
            case messageID = "MessageId", topicARN = "TopicArn", subject = "Subject", text = "Message"
            case timestamp = "Timestamp"
        }
    }
}

/// An event of Amazon EventBridge, or of one of its schedules.
public struct EventBridgeEvent<Detail: Decodable & Sendable>: Decodable, Sendable {
    /// Names the event.
    public var id: String
    /// Who sent it, such as `aws.ec2`.
    public var source: String
    /// What kind of event it is.
    public var detailType: String
    /// When it happened.
    public var time: Date
    /// What it is about, as ARNs.
    public var resources: [String]
    /// What happened, in the form that belongs to source and type.
    public var detail: Detail

    private enum CodingKeys: String, CodingKey {
        case id, source, time, resources, detail
        case detailType = "detail-type"
    }
}
