internal import NIOCore
package import NIOHTTP1
internal import Synchronization

/// Sends the answer to one request.
package final class HTTPReply: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    private let isHead: Bool
    private let isHTTP10: Bool
    private let state = Mutex((hasBegun: false, closes: false))

    init(outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, request: HTTPRequestHead) {
        self.outbound = outbound
        isHead = request.method == .HEAD
        isHTTP10 = request.version == .http1_0
    }

    /// Whether the connection has to be closed after this answer.
    var closes: Bool { state.withLock(\.closes) }

    /// Whether something was sent.
    package var hasBegun: Bool { state.withLock(\.hasBegun) }

    func sendContinue() async throws {
        guard !isHTTP10 else { return }
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
    }

    /// Sends an answer whole.
    package func send(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:], _ body: [UInt8] = []) async throws {
        var headers = headers
        headers.remove(name: "transfer-encoding")
        let hasBody = status.mayHaveResponseBody
        if hasBody { headers.replaceOrAdd(name: "content-length", value: String(body.count)) }
        state.withLock { $0.hasBegun = true }
        let head = HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))
        if isHead || body.isEmpty || !hasBody {
            try await outbound.write(contentsOf: [head, .end(nil)])
        } else {
            try await outbound.write(contentsOf: [head, .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
        }
    }

    /// Begins an answer whose body comes in pieces.
    package func begin(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) async throws {
        var headers = headers
        headers.remove(name: "content-length")
        headers.remove(name: "transfer-encoding")
        if status.mayHaveResponseBody {
            if isHTTP10 {
                state.withLock { $0.closes = true }
            } else {
                headers.add(name: "transfer-encoding", value: "chunked")
            }
        }
        state.withLock { $0.hasBegun = true }
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    }

    /// Sends a piece.
    package func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty, !isHead else { return }
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    /// Ends an answer that came in pieces.
    package func end(trailers: HTTPHeaders? = nil) async throws {
        try await outbound.write(.end(trailers))
    }

    /// Gives the answer up: without its end the client can tell that it is not whole.
    package func abort() {
        state.withLock { $0.closes = true }
    }
}
