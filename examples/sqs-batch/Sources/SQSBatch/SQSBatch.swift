import Vernal
import VernalHost

/// Takes orders from a queue: one transaction for each message, and a report of those that failed.
///
/// The body of a message is `{"item": "bolt", "count": 2}`.
@main struct SQSBatch {
    static func main() async throws {
        // Opens nothing; but as the engine exists, a wrong setting stops the start and not the first batch.
        _ = getEngine()
        try await FunctionHost.serveEvents { event, context in
            let messages = try event.decode(SQSEvent.self).messages
            return try await Batch(messages: messages, context: context).run().bytes
        }
    }
}
