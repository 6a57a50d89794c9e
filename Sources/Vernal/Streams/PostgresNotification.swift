internal import LibpqIO

/// What another session said with `NOTIFY` or `pg_notify`.
public struct PostgresNotification: Sendable, Hashable {
    /// The channel on which it came.
    public let channel: String
    /// What was sent along, of less than 8000 bytes; empty when nothing was.
    public let payload: String
    /// The server process of the session that sent it; `PostgresConnection.backendPID` tells whether that was one's own.
    public let senderPID: Int

    init(_ notification: ServerNotification) {
        channel = notification.channel
        payload = notification.payload
        senderPID = Int(notification.senderPID)
    }
}

extension PostgresNotification: CustomStringConvertible, CustomReflectable {
    /// The channel and the sender; never the payload, which is a value as those of a row are.
    public var description: String { "PostgresNotification(channel: \(channel), senderPID: \(senderPID))" }
    /// Shows what `description` shows.
    public var customMirror: Mirror { Mirror(self, children: ["description": description], displayStyle: .struct) }
}
