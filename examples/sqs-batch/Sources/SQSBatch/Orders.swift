import Vernal
import VernalHost

struct Order: Decodable {
    var item: String
    var count: Int
}

struct OrderRefused: Error, CustomStringConvertible {
    var description: String
}

/// What the messages do.
enum Orders {
    /// Lets one message take effect, once.
    ///
    /// - Returns: how often the transaction had to be run.
    /// - Throws: `RequestDecodingError` or `OrderRefused` when the message is no good, and will not be next time; `VernalError`.
    static func take(_ message: SQSEvent.Message) async throws -> Int {
        let order = try message.decode(Order.self)
        guard order.count > 0 else { throw OrderRefused(description: "the count is not above 0") }
        var attempts = 0
        // 40001 and 40P01: the server gave it up in favour of another one. Then it is run again, in the time that is left.
        let options = TransactionOptions(isolation: .serializable, retries: 3)
        try await getEngine().withTransaction(options) { connection in
            attempts += 1
            // A queue delivers at least once: after a lost answer, a redelivered batch, a time-out at the wrong moment.
            let isNew = try await connection.execute(
                "INSERT INTO handled_messages (id) VALUES (\(message.messageID)) ON CONFLICT DO NOTHING"
            )
            guard isNew == 1 else { return }
            let count = try await connection.execute(
                "UPDATE stock SET count = count - \(order.count) WHERE item = \(order.item)"
            )
            guard count == 1 else { throw OrderRefused(description: "there is no such item") }
        }
        return attempts
    }
}
