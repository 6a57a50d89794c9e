import Foundation
import Vernal

/// How far a run came.
struct Report: Encodable {
    enum Outcome: String, Encodable { case finished, stopped, busy, done }

    var outcome: Outcome
    /// The rows that this run deleted.
    var deleted = 0
    var batches = 0
}

/// Deletes what had expired before a moment, so that it can be stopped after any batch and begun again.
struct ExpiredSessions {
    let event: String
    let cutoff: Date
    let batchSize: Int

    /// Runs for as long as there is something to do and time to do it.
    ///
    /// - Parameter remainingTime: What is left of the invocation; `nil` where nobody sets a limit.
    /// - Returns: how far it came.
    /// - Throws: `VernalError`; the batches before it are done.
    func run(remainingTime: () -> Duration?) async throws -> Report {
        var report = Report(outcome: .finished)
        // The longest batch so far; the first one is taken for a quick one.
        var longest = Duration.milliseconds(200)
        while true {
            // The next batch may take longer than all before, and the engine itself stops 250 ms before the end.
            if let left = remainingTime(), left < longest * 2 + .milliseconds(500) {
                report.outcome = .stopped
                return report
            }
            let begun = ContinuousClock.now
            switch try await deleteBatch() {
            case .deleted(let count):
                report.deleted += count
                report.batches += 1
                if count == 0 { return report }
            case .busy:
                report.outcome = .busy
                return report
            case .done:
                report.outcome = .done
                return report
            }
            longest = max(longest, .now - begun)
        }
    }

    private enum Batch {
        case deleted(Int)
        case busy
        case done
    }

    /// One batch is one transaction: what is done stays done when the next one fails or the platform ends the process.
    private func deleteBatch() async throws -> Batch {
        try await getEngine().withTransaction(TransactionOptions(retries: 2)) { connection in
            // Of the transaction, so that nobody has to let go of it: it works behind a pooler, and it does not outlive a crash.
            let isMine = try await connection.query("SELECT pg_try_advisory_xact_lock(\(Self.lock))").value(
                as: Bool.self
            )
            guard isMine else { return .busy }
            let isDone = try await connection.query(
                "SELECT EXISTS (SELECT FROM job_runs WHERE event = \(event) AND is_finished)"
            ).value(as: Bool.self)
            guard !isDone else { return .done }
            // The lock makes the rows stay as they were found: a session that somebody renews just now is left out, and so is one that
            // somebody ends. Who would only wait for them, would delete the renewed one by its number.
            let count = try await connection.execute(
                """
                WITH due AS MATERIALIZED (
                    SELECT id FROM sessions WHERE expires_at < \(cutoff)
                    ORDER BY expires_at LIMIT \(batchSize) FOR UPDATE SKIP LOCKED
                )
                DELETE FROM sessions WHERE id IN (TABLE due)
                """
            )
            // In the same transaction as the rows, so that it is never wrong about them.
            try await connection.execute(
                """
                INSERT INTO job_runs AS run (event, cutoff, deleted, is_finished)
                VALUES (\(event), \(cutoff), \(count), \(count == 0))
                ON CONFLICT (event) DO UPDATE
                SET deleted = run.deleted + excluded.deleted, is_finished = excluded.is_finished, updated_at = now()
                """
            )
            return .deleted(count)
        }
    }

    /// Any number that no other job has.
    private static let lock = 8229
}
