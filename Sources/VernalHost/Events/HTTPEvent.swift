/// An event that a front made of an HTTP request: the fields of every front, of which each sends some.
struct HTTPEvent: Decodable {
    enum CodingKeys: String, CodingKey {
        case httpMethod, path, rawPath, rawQueryString, queryStringParameters, multiValueQueryStringParameters
        case headers, multiValueHeaders, cookies, body, isBase64Encoded, requestContext
    }

    /// What a front says about the request beside the request.
    struct Context: Decodable {
        struct HTTP: Decodable { var method: String }

        var http: HTTP?
        var stage: String?
        var domainName: String?
    }

    var httpMethod: String?
    var path: String?
    var rawPath: String?
    var rawQueryString: String?
    var queryStringParameters: [String: String?]?
    var multiValueQueryStringParameters: [String: [String]?]?
    var headers: [String: String?]?
    var multiValueHeaders: [String: [String]?]?
    var cookies: [String]?
    var body: String?
    var isBase64Encoded: Bool?
    var requestContext: Context
}

/// An event cannot be handed on or answered.
///
/// The description says what is wrong, and nothing of what the event holds.
package struct EventError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// An event, if it is an HTTP request.
enum ArrivedEvent: Decodable {
    case request(HTTPEvent, EventShape.Front)
    case other

    init(from decoder: any Decoder) throws {
        guard let front = EventShape.Front(of: decoder) else {
            self = .other
            return
        }
        self = .request(try HTTPEvent(from: decoder), front)
    }
}
