package import HTTPTypes

/// How a response is put on the wire: where its end is, whether content follows, and whether the connection lives on.
package struct ResponseFraming: Sendable, Equatable {
    /// What the request says about the form of its response.
    package struct Request: Sendable, Equatable {
        package var method: HTTPRequest.Method
        package var isHTTP10: Bool
        /// Whether the client wants to send another request on the connection.
        package var keepsAlive: Bool

        package init(method: HTTPRequest.Method, isHTTP10: Bool, keepsAlive: Bool) {
            self.method = method
            self.isHTTP10 = isHTTP10
            self.keepsAlive = keepsAlive
        }
    }

    /// The `Content-Length` to send; `nil`: none.
    package var contentLength: Int?
    /// Whether the content goes out in chunks.
    package var isChunked = false
    /// Whether content follows the head.
    package var sendsContent = false
    /// Whether the connection is closed after the response.
    package var closes: Bool

    /// Decides about a response.
    ///
    /// - Parameters:
    ///   - status: The status code.
    ///   - contentBytes: The length of the content; `nil` when it is streamed.
    ///   - declaredLength: The `Content-Length` that the handler set itself, which counts only for an answer to HEAD
    ///     that a handler made without making the content.
    ///   - request: The request that it answers.
    ///   - closing: Whether the host wants to close the connection, because it is draining.
    package init(
        status: Int,
        contentBytes: Int?,
        declaredLength: Int?,
        request: Request,
        closing: Bool
    ) {
        closes = closing || request.isHTTP10 || !request.keepsAlive
        if status == 204 || status == 304 { return }
        if request.method == .head {
            contentLength = contentBytes == 0 ? declaredLength ?? 0 : contentBytes
        } else if status == 205 {
            contentLength = 0
        } else if let contentBytes {
            contentLength = contentBytes
            sendsContent = contentBytes > 0
        } else {
            sendsContent = true
            isChunked = !request.isHTTP10
        }
    }
}
