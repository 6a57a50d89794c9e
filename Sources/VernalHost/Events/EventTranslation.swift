import HTTPTypes

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Makes requests of the events of AWS's HTTP fronts, and what they want to have for a response of responses.
package enum EventTranslation {
    /// The request that is in an event.
    ///
    /// - Parameter event: The event as it came.
    /// - Returns: the request with the shape for its response; `nil` when the event is no HTTP request, or no JSON.
    /// - Throws: `RequestDecodingError` and `EventError` when it is one, but broken.
    package static func request(fromEvent event: [UInt8]) throws -> (request: FunctionRequest, shape: EventShape)? {
        do {
            switch try JSONDecoder().decode(ArrivedEvent.self, from: Data(event)) {
            case .other: return nil
            case .request(let event, let front):
                let request = try request(event, front)
                return (request, EventShape(front, isHead: request.method == .head))
            }
        } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
            return nil
        } catch let error as DecodingError {
            throw RequestDecodingError(error)
        }
    }

    private static func request(_ event: HTTPEvent, _ front: EventShape.Front) throws -> FunctionRequest {
        guard let name = front == .gatewayV2 ? event.requestContext.http?.method : event.httpMethod,
            let method = HTTPRequest.Method(name)
        else { throw EventError("the event has no valid HTTP method") }
        var head = HTTPRequest(method: method, scheme: "http", authority: nil, path: target(of: event, front))
        try setFields(of: event, in: &head)
        if head.authority == nil { head.authority = event.requestContext.domainName }
        return FunctionRequest(head: head, body: try body(of: event))
    }

    private static func target(of event: HTTPEvent, _ front: EventShape.Front) -> String {
        let path: String
        let query: String
        switch front {
        case .gatewayV2:
            path = EventTarget.path(event.rawPath ?? "/", without: event.requestContext.stage)
            query = EventTarget.query(event.rawQueryString ?? "")
        case .gatewayV1, .loadBalancer, .multiValueLoadBalancer:
            path = EventTarget.path(event.path ?? "/", without: nil)
            let parameters =
                event.multiValueQueryStringParameters?.mapValues { $0 ?? [] }
                ?? event.queryStringParameters?.mapValues { [$0 ?? ""] } ?? [:]
            // The load balancer hands on what the client sent, the gateway decodes it.
            query = EventTarget.query(parameters, isDecoded: front == .gatewayV1)
        }
        return query.isEmpty ? path : path + "?" + query
    }

    private static func setFields(of event: HTTPEvent, in head: inout HTTPRequest) throws(EventError) {
        let fields =
            event.multiValueHeaders?.mapValues { $0 ?? [] }
            ?? event.headers?.mapValues { $0.map { [$0] } ?? [] } ?? [:]
        for (name, values) in fields.sorted(by: { $0.key < $1.key }) {
            guard let name = HTTPField.Name(name), values.allSatisfy(isFieldValue) else {
                throw EventError("a header field of the event is malformed")
            }
            if name.canonicalName == "host" {
                guard values.allSatisfy(RequestTarget.isAuthority) else {
                    throw EventError("the host of the event is malformed")
                }
                head.authority = values.first
            } else {
                for value in values { head.headerFields.append(HTTPField(name: name, value: value)) }
            }
        }
        if let cookies = event.cookies, !cookies.isEmpty {
            guard cookies.allSatisfy(isFieldValue) else { throw EventError("a cookie of the event is malformed") }
            head.headerFields.append(HTTPField(name: .cookie, value: cookies.joined(separator: "; ")))
        }
    }

    /// The same rule as for a request that comes over HTTP.
    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
    }

    private static func body(of event: HTTPEvent) throws(EventError) -> [UInt8] {
        guard let text = event.body else { return [] }
        guard event.isBase64Encoded == true else { return Array(text.utf8) }
        guard let data = Data(base64Encoded: text) else { throw EventError("the event's body is not Base64") }
        return Array(data)
    }
}
