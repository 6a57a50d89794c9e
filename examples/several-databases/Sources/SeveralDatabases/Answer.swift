/// What a database answers, or why it does not: `{"unavailable": "connectFailed"}`.
enum Answer<Value: Encodable & Sendable>: Encodable, Sendable {
    case value(Value)
    case unavailable(String)
    /// The change was sent, and no answer came: it may be there or not.
    case unknown(String)

    var isThere: Bool {
        if case .value = self { true } else { false }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .value(let value): try value.encode(to: encoder)
        case .unavailable(let why): try ["unavailable": why].encode(to: encoder)
        case .unknown(let why): try ["unknown": why].encode(to: encoder)
        }
    }
}

struct NewOrder: Decodable {
    var item: String
    var price: Int
}

struct Receipt: Encodable {
    var id: Int
    var isCounted: Bool
}

struct Orders: Codable {
    var count: Int
    var total: Int
}

struct Sale: Codable {
    var item: String
    var sold: Int
}

struct Summary: Encodable {
    var orders: Answer<Orders>
    var analytics: Answer<[Sale]>
}
