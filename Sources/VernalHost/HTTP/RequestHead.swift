package import HTTPTypes

/// What a request may be at most.
package struct RequestLimits: Sendable, Hashable {
    package var bodyBytes: Int
    package var headerBytes: Int
    package var headerFields: Int
    package var targetBytes: Int

    package init(_ options: HostOptions) {
        bodyBytes = options.maxBodyBytes
        headerBytes = options.maxHeaderBytes
        headerFields = options.maxHeaderFields
        targetBytes = options.maxTargetBytes
    }
}

/// Why the host does not hand a request to the handler.
package struct Refusal: Error, Sendable, Hashable {
    package let status: HTTPResponse.Status
    /// What the client is told; nothing of what it sent.
    package let message: String

    package init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// The head of a request that passed every rule which does not need the body.
package struct RequestHead: Sendable, Equatable {
    package var request: HTTPRequest
    /// The length that the client announced; `nil` when it announced none.
    package var contentLength: Int?
    /// Whether the body comes in chunks.
    package var isChunked = false
    /// Whether the client waits for "100 Continue" before it sends the body.
    package var expectsContinue = false
    /// Whether the client asks to change the protocol, which the host does not do.
    package var asksForUpgrade = false
    /// The trace that the request belongs to; `nil` when it names none, or not in the form of W3C Trace Context.
    package var traceParent: String?
}

extension RequestHead {
    /// Judges a request by its head and converts it.
    ///
    /// The parser below has refused much of this already; what decides where a message ends is checked again, because
    /// a front and a host that disagree about it are how requests are smuggled.
    ///
    /// - Parameters:
    ///   - method: The method as it was sent.
    ///   - target: The request target as it was sent.
    ///   - isHTTP10: Whether the version is 1.0 and not 1.1.
    ///   - fields: The header fields in the order in which they were sent.
    ///   - limits: What a request may be at most.
    /// - Throws: `Refusal` with what the client is to be told.
    package init(
        method: String,
        target: String,
        isHTTP10: Bool,
        fields: some Sequence<(name: String, value: String)>,
        limits: RequestLimits
    ) throws(Refusal) {
        guard target.utf8.count <= limits.targetBytes else { throw Refusal(.uriTooLong, "the URL is too long") }
        guard method != "CONNECT" else { throw Refusal(.notImplemented, "CONNECT is not supported") }
        guard let method = HTTPRequest.Method(method) else { throw Refusal(.badRequest, "the method is malformed") }
        let target = try RequestTarget(target, method: method)
        self.init(request: HTTPRequest(method: method, scheme: "http", authority: nil, path: target.path))

        var hosts: [String] = []
        var headerBytes = 0
        var headerFields = 0
        for (name, value) in fields {
            headerFields += 1
            headerBytes += name.utf8.count + value.utf8.count
            guard headerFields <= limits.headerFields, headerBytes <= limits.headerBytes else { throw .headerTooLarge }
            // Also catches a folded line, which reaches this point with its line break.
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }),
                let fieldName = HTTPField.Name(name)
            else { throw Refusal(.badRequest, "a header field is malformed") }
            if fieldName.canonicalName == "host" {
                hosts.append(value)
            } else {
                try note(fieldName, value, isHTTP10: isHTTP10)
                request.headerFields.append(HTTPField(name: fieldName, value: value))
            }
        }
        if isChunked, contentLength != nil {
            throw Refusal(.badRequest, "Content-Length and Transfer-Encoding exclude each other")
        }
        if let contentLength, contentLength > limits.bodyBytes { throw .bodyTooLarge }
        guard hosts.count <= 1, isHTTP10 || hosts.count == 1, hosts.allSatisfy(RequestTarget.isAuthority) else {
            throw Refusal(.badRequest, "exactly one valid Host is required")
        }
        request.authority = target.authority ?? hosts.first
    }

    private init(request: HTTPRequest) {
        self.request = request
    }

    /// Takes note of a field that decides about the message itself.
    private mutating func note(_ name: HTTPField.Name, _ value: String, isHTTP10: Bool) throws(Refusal) {
        switch name {
        case .contentLength:
            guard contentLength == nil, let length = Self.decimal(value) else {
                throw Refusal(.badRequest, "Content-Length is malformed or repeated")
            }
            contentLength = length
        case .transferEncoding:
            guard !isHTTP10, !isChunked else { throw Refusal(.badRequest, "Transfer-Encoding is not allowed here") }
            guard value.lowercased() == "chunked" else {
                throw Refusal(.notImplemented, "only the transfer encoding chunked is supported")
            }
            isChunked = true
        case .expect where !isHTTP10:
            guard value.lowercased() == "100-continue" else {
                throw Refusal(.expectationFailed, "only the expectation 100-continue is supported")
            }
            expectsContinue = true
        case .upgrade:
            asksForUpgrade = true
        case .traceParent where Self.isTraceParent(value):
            traceParent = value
        default: break
        }
    }

    /// Whether a text is `version-trace-parent-flags` in hexadecimal (W3C Trace Context, section 3.2).
    private static func isTraceParent(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [2, 32, 16, 2]
            && parts.allSatisfy { $0.allSatisfy { hexDigit($0) != nil && !(0x41...0x46).contains($0) } }
    }

    /// A number of plain digits: no sign, no list, no overflow.
    private static func decimal(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}

extension HTTPField.Name {
    /// Where a request belongs in a trace: taken from the front, and given back to the client.
    static let traceParent = HTTPField.Name("traceparent") ?? .date
}

extension Refusal {
    package static let headerTooLarge = Refusal(.requestHeaderFieldsTooLarge, "the request header is too large")
    package static let bodyTooLarge = Refusal(.contentTooLarge, "the request body is too large")
    package static let targetTooLong = Refusal(.uriTooLong, "the URL is too long")
    package static let headerTooSlow = Refusal(.requestTimeout, "the request header took too long")
    package static let bodyTooSlow = Refusal(.requestTimeout, "the request body took too long")
    package static let malformed = Refusal(.badRequest, "the request is malformed")
    package static let unsupportedVersion = Refusal(.httpVersionNotSupported, "this version of HTTP is not supported")
}
