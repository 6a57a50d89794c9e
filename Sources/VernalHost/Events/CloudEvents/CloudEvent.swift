/// An event in the common form of CloudEvents 1.0, as Knative, Eventarc and Event Grid send it.
///
/// See <https://github.com/cloudevents/spec>. Attributes that the specification does not name are `extensions`.
public struct CloudEvent: Sendable, Hashable {
    /// Names the event; together with `source` it is unique.
    public var id: String
    /// Where the event comes from, a URI reference.
    public var source: String
    /// What kind of event it is, such as `com.example.order.placed`.
    public var type: String
    /// What the event is about, within its source.
    public var subject: String?
    /// When it happened, as RFC 3339 writes it: `2026-01-31T12:30:00Z`.
    public var time: String?
    /// The media type of the data.
    public var dataContentType: String?
    /// The URI of the schema of the data.
    public var dataSchema: String?
    /// Further attributes: names of lower-case letters and digits with the text of their values.
    public var extensions: [String: String]
    /// The data; `nil` when the event has none.
    public var data: [UInt8]?

    /// Makes an event.
    public init(
        id: String,
        source: String,
        type: String,
        subject: String? = nil,
        time: String? = nil,
        dataContentType: String? = nil,
        dataSchema: String? = nil,
        extensions: [String: String] = [:],
        data: [UInt8]? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.dataContentType = dataContentType
        self.dataSchema = dataSchema
        self.extensions = extensions
        self.data = data
    }

    /// Decodes the data from JSON; dates are in ISO 8601, with fractions of a second or without.
    ///
    /// - Throws: `RequestDecodingError`. When the handler lets it through, the sender is answered with 400 and told
    ///   where the data is wrong.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try decodeJSON(type, from: data ?? [])
    }
}

/// A CloudEvent breaks the specification.
///
/// The description names the attribute and the fault, never a value, so that the sender can be told.
public struct CloudEventError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with the event.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
