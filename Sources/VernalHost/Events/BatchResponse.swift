import Logging

/// Which items of a batch failed; the queue or the stream delivers them again, and only them.
///
/// The event source mapping has to have `ReportBatchItemFailures` among its function response types. Without it the
/// report is not read, and what failed counts as done.
public struct BatchResponse: Sendable, Hashable {
    /// The items that failed, by message ID for SQS and by sequence number for Kinesis and DynamoDB.
    ///
    /// None: the batch is done.
    public var failed: [String]

    /// Makes a report of the items that failed.
    public init(failed: [String] = []) {
        self.failed = failed
    }

    /// The report as the result of an `EventHandler`.
    public var bytes: [UInt8] {
        let failures = failed.map { "{\"itemIdentifier\":\(jsonString($0))}" }
        return Array("{\"batchItemFailures\":[\(failures.joined(separator: ","))]}".utf8)
    }
}

extension FunctionEvent {
    /// Handles the messages of an SQS event one after the other, and gives the report of those that failed.
    ///
    /// A message fails when the closure throws; the failure is logged, and the queue delivers the message again. Of a
    /// FIFO queue everything after the first failure is left for later, so that the order is kept, and of any queue
    /// everything after the invocation was cancelled.
    ///
    ///     { event, context in
    ///         try await event.forEachSQSMessage(in: context) { message in
    ///             try await ship(message.decode(Order.self))
    ///         }
    ///     }
    ///
    /// - Parameters:
    ///   - context: The context of the invocation, whose logger is used.
    ///   - handle: What is done with a message.
    /// - Returns: the result for the handler to give back; see `BatchResponse` for what the queue needs.
    /// - Throws: `RequestDecodingError` when this is not an event of SQS.
    public func forEachSQSMessage(
        in context: InvocationContext,
        _ handle: (SQSEvent.Message) async throws -> Void
    ) async throws -> [UInt8] {
        var failed: [String] = []
        for message in try decode(SQSEvent.self).messages {
            if Task.isCancelled || message.isOrdered && !failed.isEmpty {
                failed.append(message.messageID)
                continue
            }
            do {
                try await handle(message)
            } catch {
                failed.append(message.messageID)
                context.logger.error(
                    "a message failed; the queue delivers it again",
                    metadata: ["message-id": "\(message.messageID)", "error": "\(error)"]
                )
            }
        }
        return BatchResponse(failed: failed).bytes
    }
}
