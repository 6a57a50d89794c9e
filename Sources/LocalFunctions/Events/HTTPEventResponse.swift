import Foundation

/// What the function URL makes of a function's result.
package struct HTTPEventResponse: Sendable, Equatable {
    package var status = 200
    package var headers: [String: String] = [:]
    package var cookies: [String] = []
    package var body: [UInt8] = []

    /// The content type that says: a JSON head, eight NULs, and then the body.
    package static let integrationType = "application/vnd.awslambda.http-integration-response"

    package init() {}

    /// Reads a whole result.
    ///
    /// An object with a `statusCode` is a response; any other JSON is the body of one.
    ///
    /// - Returns: `nil` when it has a `statusCode` but is no response: then the client is told of an error.
    package init?(result: [UInt8]) {
        guard result.first(where: { !$0.isSpace }) == UInt8(ascii: "{"),
            let object = try? JSONSerialization.jsonObject(with: Data(result)) as? [String: Any],
            object["statusCode"] != nil
        else {
            headers = ["Content-Type": "application/json"]
            body = result
            return
        }
        guard readHead(object) else { return nil }
        guard let text = object["body"].map({ Self.text($0) }) ?? "" else { return nil }
        if object["isBase64Encoded"] as? Bool == true {
            guard let bytes = Base64.decode(text) else { return nil }
            body = bytes
        } else {
            body = Array(text.utf8)
        }
        if !body.isEmpty, !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
            headers["Content-Type"] = "application/json"
        }
    }

    /// Reads the head of a response that comes in pieces.
    package init?(prelude: some Sequence<UInt8>) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(prelude)) as? [String: Any],
            readHead(object)
        else { return nil }
    }

    private mutating func readHead(_ object: [String: Any]) -> Bool {
        if let value = object["statusCode"] {
            guard let code = (value as? NSNumber)?.intValue ?? (value as? String).flatMap({ Int($0) }),
                (100...599).contains(code)
            else { return false }
            status = code
        }
        for (name, value) in object["headers"] as? [String: Any] ?? [:] {
            if let text = Self.text(value) { headers[name] = text }
        }
        for (name, value) in object["multiValueHeaders"] as? [String: [Any]] ?? [:] {
            let texts = value.compactMap(Self.text)
            if name.lowercased() == "set-cookie" {
                cookies += texts
            } else {
                headers[name] = texts.joined(separator: ",")
            }
        }
        cookies += (object["cookies"] as? [Any] ?? []).compactMap(Self.text)
        // What belongs to the connection is ours to say.
        headers = headers.filter {
            !["connection", "content-length", "transfer-encoding"].contains($0.key.lowercased())
        }
        return headers.keys.allSatisfy(Self.isFieldName)
            && !(cookies + headers.values).contains { $0.contains(where: \.isNewline) }
    }

    private static func isFieldName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    private static func text(_ value: Any) -> String? {
        switch value {
        case let text as String: text
        case let number as NSNumber: "\(number)"
        case is NSNull: ""
        default: (try? JSONSerialization.data(withJSONObject: value)).map { String(decoding: $0, as: UTF8.self) }
        }
    }
}

/// Finds the head in a response that comes in pieces.
package struct IntegrationPrelude: Sendable {
    private var held: [UInt8] = []
    /// A head that is longer is none.
    package static let limit = 1 << 20

    package init() {}

    /// Takes a piece.
    ///
    /// - Returns: the head and what follows it, once it is whole; `nil` before that.
    package mutating func append(_ bytes: [UInt8]) -> (head: [UInt8], rest: [UInt8])? {
        held += bytes
        var zeros = 0
        for index in held.indices {
            zeros = held[index] == 0 ? zeros + 1 : 0
            if zeros == 8 { return (Array(held[..<(index - 7)]), Array(held[(index + 1)...])) }
        }
        return nil
    }

    /// Whether no head can be expected any more.
    package var isTooLong: Bool { held.count > Self.limit }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
