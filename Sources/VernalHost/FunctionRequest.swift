public import HTTPTypes

/// One HTTP request, with the whole body.
public struct FunctionRequest: Sendable {
    /// The request as swift-http-types has it; `authority` is the host that the client meant.
    public let head: HTTPRequest
    /// The path, percent-encoded as it was sent, without the query; `*` for `OPTIONS *`.
    public let path: String
    /// The query.
    public let query: RequestQuery
    /// The body; empty when there is none.
    public let body: [UInt8]

    /// The method.
    public var method: HTTPRequest.Method { head.method }
    /// The header fields, without `Host`: that is `head.authority`.
    public var headers: HTTPFields { head.headerFields }

    /// Makes a request, for example to call a handler in a test.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - target: The path, with the query after a question mark if there is one, percent-encoded.
    ///   - authority: The host that the client meant.
    ///   - headers: The header fields.
    ///   - body: The body.
    public init(
        method: HTTPRequest.Method = .get,
        target: String,
        authority: String? = nil,
        headers: HTTPFields = [:],
        body: [UInt8] = []
    ) {
        self.init(
            head: HTTPRequest(
                method: method,
                scheme: "http",
                authority: authority,
                path: target,
                headerFields: headers
            ),
            body: body
        )
    }

    init(head: HTTPRequest, body: [UInt8]) {
        self.head = head
        self.body = body
        let target = head.path ?? "/"
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            query = RequestQuery(String(target[target.utf8.index(after: mark)...]))
        } else {
            path = target
            query = RequestQuery("")
        }
    }

    /// The segments of the path, percent-decoded, without empty ones: `/users/a%20b/` gives `["users", "a b"]`.
    ///
    /// An encoded slash stays inside its segment, and `..` is a segment like any other.
    public var pathComponents: [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { percentDecoded($0, plusIsSpace: false) }
    }

    /// Decodes the body from JSON; dates are in ISO 8601, with fractions of a second or without.
    ///
    /// - Throws: `RequestDecodingError`. When the handler lets it through, the client is answered with 400 and told
    ///   where the body is wrong.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try decodeJSON(type, from: body)
    }
}
