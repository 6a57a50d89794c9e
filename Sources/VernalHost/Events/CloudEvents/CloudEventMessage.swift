package import HTTPTypes

/// CloudEvents in an HTTP message: <https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md>.
package enum CloudEventMessage: Sendable, Hashable {
    /// Attributes in the header, the data as the body.
    case binary(CloudEvent)
    /// One event as JSON in the body.
    case structured(CloudEvent)
    /// Any number of events as JSON in the body.
    case batched([CloudEvent])

    static let structuredType = "application/cloudevents+json"
    static let batchedType = "application/cloudevents-batch+json"

    /// The content is in a format that is not understood, as opposed to wrong.
    package struct UnsupportedFormat: Error, Hashable {}

    /// The events of the message, in their order.
    package var events: [CloudEvent] {
        switch self {
        case .binary(let event), .structured(let event): [event]
        case .batched(let events): events
        }
    }

    /// Reads a message.
    ///
    /// - Parameters:
    ///   - headers: The header fields of a request or a response.
    ///   - body: Its body.
    /// - Throws: `CloudEventError`, or `UnsupportedFormat` for a format other than JSON in UTF-8.
    package init(headers: HTTPFields, body: [UInt8]) throws {
        let type = headers[.contentType].map(MediaType.init)
        guard let type, type.essence.hasPrefix("application/cloudevents") else {
            self = .binary(try Self.binary(headers, body))
            return
        }
        guard type.charset == nil || type.charset == "utf-8" || type.charset == "us-ascii" else {
            throw UnsupportedFormat()
        }
        switch type.essence {
        case Self.structuredType: self = .structured(try CloudEvent(json: body))
        case Self.batchedType: self = .batched(try CloudEvent.batch(json: body))
        default: throw UnsupportedFormat()
        }
    }

    private static func binary(_ headers: HTTPFields, _ body: [UInt8]) throws(CloudEventError) -> CloudEvent {
        var attributes: [String: String] = [:]
        for field in headers where field.name.canonicalName.hasPrefix("ce-") {
            let name = String(field.name.canonicalName.dropFirst("ce-".count))
            guard let value = CloudEventHeader.decode(field.value) else {
                throw CloudEventError("the attribute \(name.prefix(40)) is not UTF-8")
            }
            guard attributes.updateValue(value, forKey: name) == nil else {
                throw CloudEventError("the attribute \(name.prefix(40)) is repeated")
            }
        }
        // Not allowed in this form, but some send it; Content-Type is what counts.
        attributes["datacontenttype"] = headers[.contentType]
        return try CloudEvent(attributes: attributes, data: body.isEmpty ? nil : body)
    }

    /// The message as a response.
    ///
    /// - Throws: `CloudEventError` when an attribute cannot be sent.
    package func response(status: HTTPResponse.Status = .ok) throws -> FunctionResponse {
        switch self {
        case .binary(let event):
            var response = FunctionResponse(status: status, body: event.data ?? [])
            response.headers[.contentType] = event.dataContentType
            for (name, value) in event.attributes {
                try CloudEvent.check(name, value)
                guard let name = HTTPField.Name("ce-" + name) else { continue }  // Was checked.
                response.headers[name] = CloudEventHeader.encode(value)
            }
            return response
        case .structured(let event):
            return Self.response(status, Self.structuredType, try event.json())
        case .batched(let events):
            let elements = try events.map { try $0.json() }
            return Self.response(
                status,
                Self.batchedType,
                [UInt8(ascii: "[")] + elements.joined(separator: ",".utf8) + [UInt8(ascii: "]")]
            )
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ type: String, _ body: [UInt8]) -> FunctionResponse {
        FunctionResponse(status: status, headers: [.contentType: type + "; charset=utf-8"], body: body)
    }
}
