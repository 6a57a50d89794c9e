import Vernal
import VernalHost

/// The messages as a stream of server-sent events.
enum Events {
    /// An answer that lasts: the client comes again by itself when it is over, and says what it has seen.
    static func response(to request: FunctionRequest) async throws -> FunctionResponse {
        let seconds = request.query["seconds"].flatMap { Int($0) } ?? 25
        guard (1...300).contains(seconds) else {
            return .text("write ?seconds=N with N from 1 to 300\n", status: .badRequest)
        }
        let seen = request.headers.first { $0.name.canonicalName == "last-event-id" }.flatMap { Int($0.value) }
        let newest = try await Messages.last()
        return .stream(headers: [.contentType: "text/event-stream", .cacheControl: "no-store"]) { body in
            try await send(after: seen ?? newest, for: .seconds(seconds), to: &body)
        }
    }

    private static func send(after seen: Int, for time: Duration, to body: inout ResponseBodyWriter) async throws {
        // A browser takes the stream for open now, and comes again a second after its end.
        try await body.write("retry: 1000\n\n")
        var last = seen
        try await getEngine("listen").listen(to: [Messages.channel], timeout: time) { notifications in
            // From here on nothing is missed; so what was sent before is read now, and not earlier.
            var isNew = true
            while !notifications.isOver {
                // Not for longer for a client that reads slowly, either: it gets the rest when it comes again.
                while isNew, !notifications.isOver {
                    let messages = try await notifications.withConnection { try await Messages.after(last, &$0) }
                    for message in messages where !notifications.isOver {
                        try await body.write(text(of: message))
                        last = message.id
                    }
                    isNew = messages.count == Messages.batchSize
                }
                if let word = try await notifications.next(within: .seconds(10)) {
                    // Of many at once the first reads them all.
                    isNew = Int(word.payload).map { $0 > last } ?? true
                } else {
                    // A comment, which nobody sees: it finds out that a client has gone, and keeps proxies from closing.
                    try await body.write(": still here\n\n")
                }
            }
        }
    }

    private static func text(of message: Message) -> String {
        // A line break in the text is a line of its own, or the rest would be taken for another field.
        let lines = message.text.split(omittingEmptySubsequences: false) { ["\n", "\r", "\r\n"].contains($0) }
        return "id: \(message.id)\n" + lines.map { "data: \($0)\n" }.joined() + "\n"
    }
}
