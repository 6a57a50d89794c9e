/// What libpq says of a connect that failed and that no server explained, for somebody who does not know libpq.
enum ConnectFailureText {
    /// libpq's lines as one, with a word about what answers in another language.
    static func plain(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        let message = lines.filter { !$0.isEmpty }.joined(separator: " ")
        let isAnotherProtocol = [
            "received invalid response to SSL negotiation", "expected authentication request from server, but received",
        ].contains { message.contains($0) }
        guard isAnotherProtocol else { return message }
        return message + ": what answers there does not speak PostgreSQL's protocol; are host and port the right ones?"
    }
}
