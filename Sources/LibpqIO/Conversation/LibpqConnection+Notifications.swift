package import Moments

/// What a `NOTIFY` said.
package struct ServerNotification: Sendable, Hashable {
    /// The channel, as the server spells it.
    package let channel: String
    /// What came along; empty when nothing did.
    package let payload: String
    /// The server process of the session that sent it.
    package let senderPID: Int32
}

extension LibpqConnection {
    /// Takes the next notification that has arrived already.
    package mutating func takeNotification() -> ServerNotification? { handle.notifies() }

    /// Waits for a notification while no statement runs.
    ///
    /// - Parameter deadline: when to stop waiting; `nil` waits for ever.
    /// - Returns: the notification; `nil` when none came in time.
    /// - Throws: `cancelled`, after which the connection is as good as before; `connectionLost`.
    package mutating func nextNotification(until deadline: Moment?) async throws(LibpqError) -> ServerNotification? {
        while true {
            // What arrived before the end of a connection is still handed over.
            if let notification = handle.notifies() { return notification }
            guard handle.isOK, handle.farewell == nil else { throw lost(statementWasSent: true) }
            switch await waiter.sleep(untilReadable: handle.socket, deadline: deadline) {
            case .ready: _ = handle.consumeInput()
            case .timedOut: return nil
            case .cancelled: throw LibpqError(.cancelled, "the task was cancelled while it waited for a notification")
            }
        }
    }
}
