public import HTTPTypes

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What a handler answers.
public struct FunctionResponse: Sendable {
    /// The content of a response.
    public enum Body: Sendable {
        /// Content that is all there; it is sent with its `Content-Length`.
        case bytes([UInt8])
        /// Content that is made while it is sent; the closure returns when all is written.
        case stream(@Sendable (inout ResponseBodyWriter) async throws -> Void)
    }

    /// The status; one below 200 is not an answer, and the client gets 500 instead.
    public var status: HTTPResponse.Status
    /// The header fields.
    ///
    /// The host adds `Content-Length`, `Transfer-Encoding`, `Connection`, `Date` and `x-request-id`.
    public var headers: HTTPFields
    /// The content.
    ///
    /// It is not sent where HTTP has none: after HEAD, with 204 and with 304.
    public var body: Body

    /// Makes a response with the content given as bytes.
    public init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.init(status: status, headers: headers, content: .bytes(body))
    }

    /// Makes a response with any content.
    public init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], content: Body) {
        self.status = status
        self.headers = headers
        self.body = content
    }

    /// A value as JSON; keys are sorted, so that equal values give equal bytes, and dates are in ISO 8601.
    ///
    /// - Throws: what the value's `encode(to:)` throws.
    public static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Self {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Self(
            status: status,
            headers: [.contentType: "application/json"],
            body: Array(try encoder.encode(value))
        )
    }

    /// Plain text in UTF-8.
    public static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Self {
        Self(status: status, headers: [.contentType: "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// No content.
    public static func empty(_ status: HTTPResponse.Status = .noContent) -> Self {
        Self(status: status)
    }

    /// Content that is made while it is sent.
    ///
    /// When the closure throws, the connection is broken off, so that the client can tell that something is missing.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: The header fields.
    ///   - produce: Writes the content; every write waits until the client has taken enough of what came before.
    /// - Returns: the response.
    public static func stream(
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:],
        _ produce: @escaping @Sendable (inout ResponseBodyWriter) async throws -> Void
    ) -> Self {
        Self(status: status, headers: headers, content: .stream(produce))
    }
}

/// Where the content of a streamed response goes; it is lent to the closure that makes the content.
public struct ResponseBodyWriter: ~Copyable, Sendable {
    private let sink: @Sendable ([UInt8]) async throws -> Void

    /// Makes a writer, for example to look in a test at what a handler streams.
    public init(_ sink: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.sink = sink
    }

    /// Sends bytes, and waits when the client is slower than the handler.
    ///
    /// - Throws: `CancellationError` when the client has gone or the time is over.
    public mutating func write(_ bytes: [UInt8]) async throws {
        try await sink(bytes)
    }

    /// Sends text in UTF-8, and waits when the client is slower than the handler.
    ///
    /// - Throws: `CancellationError` when the client has gone or the time is over.
    public mutating func write(_ text: String) async throws {
        try await sink(Array(text.utf8))
    }
}
