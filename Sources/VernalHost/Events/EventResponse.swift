import HTTPTypes
import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A response as AWS's HTTP fronts want to have it: the fields of every front, of which each reads some.
private struct EventResponse: Encodable {
    var statusCode: Int
    var statusDescription: String?
    var headers: [String: String]?
    var multiValueHeaders: [String: [String]]?
    var cookies: [String]?
    var body = ""
    var isBase64Encoded = false
}

extension EventTranslation {
    /// The largest result that AWS Lambda takes: 6 MiB and 100 bytes.
    package static let largestResult = 6 * 1024 * 1024 + 100

    /// The result of an event for a response.
    ///
    /// A streamed content is collected: what comes after it is bytes.
    ///
    /// - Parameters:
    ///   - response: What the handler answered.
    ///   - shape: The shape that came with the request.
    /// - Returns: the result, as JSON.
    /// - Throws: `EventError` when the content is longer than any front takes, or what the stream throws.
    package static func response(_ response: FunctionResponse, for shape: EventShape) async throws -> [UInt8] {
        var result = EventResponse(statusCode: response.status.code)
        setFields(of: response, for: shape.front, in: &result)
        if !shape.isHead, ![204, 205, 304].contains(response.status.code) {
            let content = try await response.body.collected()
            // With a content coding the text would be text by chance.
            if response.headers[.contentEncoding] == nil, let text = String(validating: content, as: UTF8.self) {
                result.body = text
            } else {
                result.body = Data(content).base64EncodedString()
                result.isBase64Encoded = true
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(result))
    }

    private static func setFields(
        of response: FunctionResponse,
        for front: EventShape.Front,
        in result: inout EventResponse
    ) {
        var fields: [String: [String]] = [:]
        for field in response.headers where !isFronts(field.name) {
            fields[field.name.canonicalName, default: []].append(field.value)
        }
        switch front {
        case .gatewayV1:
            result.multiValueHeaders = fields
        case .multiValueLoadBalancer:
            result.multiValueHeaders = fields
            result.statusDescription = description(of: response.status)
        case .gatewayV2:
            result.cookies = fields.removeValue(forKey: "set-cookie")
            result.headers = fields.mapValues { $0.joined(separator: ", ") }
        case .loadBalancer:
            let cookies = fields.removeValue(forKey: "set-cookie") ?? []
            var headers = fields.mapValues { $0.joined(separator: ", ") }
            for (index, cookie) in cookies.enumerated() { headers[spelling(of: "set-cookie", index)] = cookie }
            result.headers = headers
            result.statusDescription = description(of: response.status)
        }
    }

    /// The fields that the front makes itself: what is true here is not true behind it.
    static func isFronts(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer": true
        default: false
        }
    }

    private static func description(of status: HTTPResponse.Status) -> String {
        let reason = status.reasonPhrase
        let isPlain = !reason.isEmpty && reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
        return isPlain ? "\(status.code) \(reason)" : "\(status.code)"
    }

    /// A spelling of a name that no other index has: cookies cannot be joined, and an object has a name only once.
    ///
    /// Clients do not look at the case of a name. The letters that are bits of the index are upper case.
    private static func spelling(of name: String, _ index: Int) -> String {
        var rest = index
        return String(
            name.map { character in
                guard character.isLetter else { return character }
                defer { rest >>= 1 }
                return rest & 1 == 1 ? Character(character.uppercased()) : character
            }
        )
    }
}

extension FunctionResponse.Body {
    /// All of the content, where nothing can hand it on piece by piece.
    func collected() async throws -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .stream(let produce):
            let collected = Collected()
            var writer = ResponseBodyWriter { try collected.append($0) }
            try await produce(&writer)
            return collected.bytes
        }
    }
}

/// The content of a stream, as far as it has come.
private final class Collected: Sendable {
    private let content = Mutex<[UInt8]>([])

    var bytes: [UInt8] { content.withLock { $0 } }

    func append(_ bytes: [UInt8]) throws(EventError) {
        let isTooLong = content.withLock { content in
            content += bytes
            return content.count > EventTranslation.largestResult
        }
        if isTooLong { throw EventError("the response is longer than the 6 MiB that an event may be answered with") }
    }
}
