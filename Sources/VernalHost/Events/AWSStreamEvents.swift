/// Records of a stream of Amazon Kinesis.
public struct KinesisEvent: Decodable, Sendable {
    /// The records of one shard, in their order.
    public var records: [Record]

    private enum CodingKeys: String, CodingKey { case records = "Records" }

    /// One record.
    public struct Record: Decodable, Sendable {
        /// The place in the shard; a `BatchResponse` names it.
        public var sequenceNumber: String
        /// What the sender chose to group records by.
        public var partitionKey: String
        /// The content.
        public var data: [UInt8]

        private enum CodingKeys: String, CodingKey { case kinesis }
        private enum RecordKeys: String, CodingKey { case sequenceNumber, partitionKey, data }

        /// Decodes a record, and its content from Base64.
        public init(from decoder: any Decoder) throws {
            let record = try decoder.container(keyedBy: CodingKeys.self)
                .nestedContainer(keyedBy: RecordKeys.self, forKey: .kinesis)
            sequenceNumber = try record.decode(String.self, forKey: .sequenceNumber)
            partitionKey = try record.decode(String.self, forKey: .partitionKey)
            data = try record.decodeBase64(forKey: .data)
        }
    }
}

/// Changes in a table of Amazon DynamoDB.
public struct DynamoDBEvent: Decodable, Sendable {
    /// The changes, in their order.
    public var records: [Record]

    private enum CodingKeys: String, CodingKey { case records = "Records" }

    /// One change.
    public struct Record: Decodable, Sendable {
        /// What happened: `INSERT`, `MODIFY` or `REMOVE`.
        public var eventName: String
        /// The change.
        public var change: Change

        private enum CodingKeys: String, CodingKey {
            case eventName
            case change = "dynamodb"
        }
    }

    /// The change of one item.
    public struct Change: Decodable, Sendable {
        /// The place in the stream; a `BatchResponse` names it.
        public var sequenceNumber: String
        /// The key of the item.
        public var keys: [String: Value]
        /// The item after the change, when the stream holds it.
        public var newImage: [String: Value]?
        /// The item before the change, when the stream holds it.
        public var oldImage: [String: Value]?

        private enum CodingKeys: String, CodingKey {
            case sequenceNumber = "SequenceNumber", keys = "Keys", newImage = "NewImage", oldImage = "OldImage"
        }
    }

    /// A value of an item.
    public indirect enum Value: Decodable, Sendable, Hashable {
        /// Text.
        case string(String)
        /// A number, as text, because its precision is up to 38 digits.
        case number(String)
        /// Bytes.
        case binary([UInt8])
        /// True or false.
        case bool(Bool)
        /// Nothing.
        case null
        /// Values in an order.
        case list([Value])
        /// Values with names.
        case map([String: Value])
        /// A set of texts.
        case stringSet([String])
        /// A set of numbers.
        case numberSet([String])
        /// A set of bytes, each in Base64.
        case binarySet([String])

        private enum Kind: String, CodingKey { case S, N, B, BOOL, NULL, L, M, SS, NS, BS }

        /// Decodes a value by the letters that say what it is.
        public init(from decoder: any Decoder) throws {
            let value = try decoder.container(keyedBy: Kind.self)
            guard let kind = value.allKeys.first, value.allKeys.count == 1 else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "not a value of DynamoDB")
                )
            }
            self =
                switch kind {
                case .S: .string(try value.decode(String.self, forKey: kind))
                case .N: .number(try value.decode(String.self, forKey: kind))
                case .B: .binary(try value.decodeBase64(forKey: kind))
                case .BOOL: .bool(try value.decode(Bool.self, forKey: kind))
                case .NULL: .null
                case .L: .list(try value.decode([Value].self, forKey: kind))
                case .M: .map(try value.decode([String: Value].self, forKey: kind))
                case .SS: .stringSet(try value.decode([String].self, forKey: kind))
                case .NS: .numberSet(try value.decode([String].self, forKey: kind))
                case .BS: .binarySet(try value.decode([String].self, forKey: kind))
                }
        }
    }
}
