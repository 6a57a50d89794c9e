import HTTPTypes

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The kind of an HTTP event, which decides about the form of its answer.
package enum EventShape: Sendable, Hashable {
    /// API Gateway HTTP API and function URL, payload format 2.0.
    case version2
}

/// Requests that arrive as events, and their answers.
package struct EventTranslation {
    private struct Event: Decodable {
        struct Context: Decodable {
            struct HTTP: Decodable { var method: String }
            var http: HTTP
        }
        var version: String
        var rawPath: String
        var rawQueryString: String?
        var headers: [String: String]?
        var body: String?
        var isBase64Encoded: Bool?
        var requestContext: Context
    }

    private struct Answer: Encodable {
        var statusCode: Int
        var headers: [String: String]
        var body: String
        var isBase64Encoded = false
    }

    /// Makes a request of an event; `nil` when it is none.
    package static func request(fromEvent event: [UInt8]) throws -> (request: FunctionRequest, shape: EventShape)? {
        guard let parsed = try? JSONDecoder().decode(Event.self, from: Data(event)), parsed.version == "2.0" else {
            return nil
        }
        let query = parsed.rawQueryString.map { $0.isEmpty ? "" : "?" + $0 } ?? ""
        var headers: HTTPFields = [:]
        for (name, value) in parsed.headers ?? [:] { if let name = HTTPField.Name(name) { headers[name] = value } }
        let text = parsed.body ?? ""
        let body = parsed.isBase64Encoded == true ? Array(Data(base64Encoded: text) ?? Data()) : Array(text.utf8)
        guard let method = HTTPRequest.Method(parsed.requestContext.http.method) else { return nil }
        return (
            FunctionRequest(method: method, target: parsed.rawPath + query, headers: headers, body: body), .version2
        )
    }

    /// Makes the answer of a response.
    package static func response(_ response: FunctionResponse, for shape: EventShape) async throws -> [UInt8] {
        let headers = Dictionary(response.headers.map { ($0.name.canonicalName, $0.value) }) { $0 + ", " + $1 }
        let bytes: [UInt8]
        switch response.body {
        case .bytes(let content): bytes = content
        case .stream(let produce):
            let (stream, sink) = AsyncStream.makeStream(of: [UInt8].self)
            var writer = ResponseBodyWriter { sink.yield($0) }
            try await produce(&writer)
            sink.finish()
            bytes = await stream.reduce(into: []) { $0 += $1 }
        }
        let text = String(validating: bytes, as: UTF8.self)
        let answer = Answer(
            statusCode: response.status.code,
            headers: headers,
            body: text ?? Data(bytes).base64EncodedString(),
            isBase64Encoded: text == nil
        )
        return Array(try JSONEncoder().encode(answer))
    }
}
