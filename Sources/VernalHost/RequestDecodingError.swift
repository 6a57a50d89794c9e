/// The body of a request is not what the handler asked for.
///
/// The description names the place and the kind of the fault, never a value, so that the client can be told.
public struct RequestDecodingError: Error, Sendable, CustomStringConvertible {
    /// What is wrong with the body, and where.
    public let description: String

    init(_ error: DecodingError) {
        description =
            switch error {
            case .keyNotFound(let key, let context): "the field \(Self.place(context.codingPath + [key])) is missing"
            case .valueNotFound(_, let context): "the field \(Self.place(context.codingPath)) has no value"
            case .typeMismatch(_, let context): "the field \(Self.place(context.codingPath)) has the wrong type"
            case .dataCorrupted(let context) where !context.codingPath.isEmpty:
                "the field \(Self.place(context.codingPath)) cannot be read"
            default: "the body is not valid JSON"
            }
    }

    /// The path of the field as `a.b[0]`, cut off where it gets long: a key of a dictionary is the client's text.
    private static func place(_ path: [any CodingKey]) -> String {
        guard !path.isEmpty else { return "at the top" }
        let text = path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return "\"\(text.prefix(100))\""
    }
}
