import Vernal
import VernalHost

/// The messages of one invocation.
struct Batch {
    let messages: [SQSEvent.Message]
    let context: InvocationContext

    /// Handles the messages one by one.
    ///
    /// - Returns: those that failed; the queue delivers them again, and only them.
    /// - Throws: why nothing could be done at all. An error makes Lambda ask the queue less often while a database is down; a
    ///   report in which all have failed would count as a success.
    func run() async throws -> BatchResponse {
        var failed: [String] = []
        var outage: VernalError?
        for message in messages {
            // What is not begun is not lost: it is delivered again. Of a FIFO queue nothing may overtake what has failed.
            guard outage == nil, hasTime, !(message.isOrdered && !failed.isEmpty) else {
                failed.append(message.messageID)
                continue
            }
            do {
                let attempts = try await Orders.take(message)
                log(.info, "handled", message, ["attempts": "\(attempts)"])
            } catch {
                failed.append(message.messageID)
                // The text of an error of the engine has no value of a row in it; still, say no more than you need.
                log(.error, "failed", message, ["error": "\(error)"])
                if let error = error as? VernalError, error.isOutage { outage = error }
            }
        }
        if let outage, failed.count == messages.count { throw outage }
        return BatchResponse(failed: failed)
    }

    /// Whether there is time for one message more; a transaction that is cut off half-way would have been for nothing.
    private var hasTime: Bool { context.remainingTime.map { $0 > .seconds(1) } ?? true }

    private enum Level { case info, error }

    private func log(_ level: Level, _ text: String, _ message: SQSEvent.Message, _ more: [String: String]) {
        var logger = context.logger
        logger[metadataKey: "message-id"] = "\(message.messageID)"
        logger[metadataKey: "received"] = "\(message.attributes["ApproximateReceiveCount"] ?? "-")"
        for (key, value) in more { logger[metadataKey: key] = "\(value)" }
        if level == .info { logger.info("\(text)") } else { logger.error("\(text)") }
    }
}

extension VernalError {
    /// Whether it is about the database and not about the message: the next one would fare no better.
    var isOutage: Bool {
        switch code {
        case .connectFailed, .connectionLost, .authenticationFailed, .unknownCommitOutcome: true
        case .poolExhausted, .tooManyWaiters, .throttled, .poolClosed, .configuration, .hookFailed: true
        case .timedOut: wait != .statement
        case .server: sqlState?.isOutage ?? false
        default: false
        }
    }
}

extension SQLState {
    /// A server that only reads (after a failover), that has no room, or that is shutting down.
    ///
    /// A statement that was cancelled (57014), or took more than it may (53400), may well do so because of the message.
    fileprivate var isOutage: Bool {
        switch self {
        case .queryCanceled, "53400": false
        case .readOnlyTransaction: true
        default: ["53", "57"].contains(errorClass)
        }
    }
}
