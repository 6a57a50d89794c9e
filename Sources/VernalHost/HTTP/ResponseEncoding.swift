import HTTPTypes
import NIOCore

/// Writes the head of a response, followed by room for its content.
///
/// By hand and not with NIO's encoder: the field values of swift-http-types hold no line breaks, the framing is
/// decided already, and head and content become one buffer.
func encodeHead(
    of response: FunctionResponse,
    framing: ResponseFraming,
    requestID: String?,
    traceParent: String? = nil,
    date: String?,
    room: Int
) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: 512 + room)
    buffer.writeStaticString("HTTP/1.1 ")
    buffer.writeString(String(response.status.code))
    buffer.writeStaticString(" ")
    // A reason phrase of the user's is not checked by swift-http-types.
    let reason = response.status.reasonPhrase
    if reason.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { buffer.writeString(reason) }
    buffer.writeStaticString("\r\n")
    // What the handler sets itself is not added.
    var (date, traceParent) = (date, traceParent)
    for field in response.headers where !isHostsOwn(field.name) {
        if field.name == .date { date = nil } else if field.name == .traceParent { traceParent = nil }
        write(field.name.rawName, field.value, to: &buffer)
    }
    if let date { write("Date", date, to: &buffer) }
    if let requestID { write("x-request-id", requestID, to: &buffer) }
    if let traceParent { write("traceparent", traceParent, to: &buffer) }
    if let contentLength = framing.contentLength { write("Content-Length", String(contentLength), to: &buffer) }
    if framing.isChunked { write("Transfer-Encoding", "chunked", to: &buffer) }
    if framing.closes { write("Connection", "close", to: &buffer) }
    buffer.writeStaticString("\r\n")
    return buffer
}

/// One chunk of chunked content; empty bytes make none, because an empty chunk is the end.
func encodeChunk(_ bytes: [UInt8]) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + 20)
    buffer.writeString(String(bytes.count, radix: 16))
    buffer.writeStaticString("\r\n")
    buffer.writeBytes(bytes)
    buffer.writeStaticString("\r\n")
    return buffer
}

/// The end of chunked content.
let lastChunk = ByteBuffer(staticString: "0\r\n\r\n")

private func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
    buffer.writeString(name)
    buffer.writeStaticString(": ")
    buffer.writeString(value)
    buffer.writeStaticString("\r\n")
}

/// The fields about which only the host can know the truth.
private func isHostsOwn(_ name: HTTPField.Name) -> Bool {
    switch name.canonicalName {
    case "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "x-request-id": true
    default: false
    }
}
