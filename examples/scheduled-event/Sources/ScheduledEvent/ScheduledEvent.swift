import Foundation
import Vernal
import VernalHost

/// What the schedule says: `{}`, unless an input transformer of the rule puts something into it (README.md).
struct Order: Decodable {
    /// How many rows go at a time.
    var batchSize: Int?
}

/// A nightly job: deletes the sessions that have expired, batch by batch, as far as the time goes.
///
/// It takes the event of an EventBridge schedule and answers with a report:
///
///     {"outcome": "finished", "deleted": 1200, "batches": 3}
///
/// `finished`: nothing is left; `stopped`: the time was nearly over, and the same event goes on where this one stopped;
/// `busy`: another invocation is at it; `done`: this event was finished before.
@main struct ScheduledEvent {
    static func main() async throws {
        // Opens nothing; but as the engine exists, a wrong setting stops the start and not the first night.
        _ = getEngine()
        try await FunctionHost.serveEvents { event, context in
            let schedule = try event.decode(EventBridgeEvent<Order>.self)
            let job = ExpiredSessions(
                event: schedule.id,
                // Of the event and not of the clock: the same event means the same rows, however often and late it comes.
                cutoff: schedule.time,
                batchSize: min(max(1, schedule.detail.batchSize ?? 1000), 100_000)
            )
            let report = try await job.run { context.remainingTime }
            context.logger.info("expired sessions", metadata: ["report": "\(report)"])
            return Array(try JSONEncoder.sorted.encode(report))
        }
    }
}

extension JSONEncoder {
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}
