internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Runs a closure in a transaction: committed when the closure returns, rolled back when it throws.
    ///
    /// Where the upstream is known to take several statements in one flight, the beginning goes along with the first statement, and costs no
    /// round trip of its own. When there is a deadline, the server is told of it with `SET LOCAL` in the same round trip, so that it ends the transaction
    /// even if this process is frozen or killed meanwhile.
    ///
    /// Within a transaction it makes a savepoint instead, so that what the inner closure did can be rolled back alone.
    ///
    /// - Parameters:
    ///   - options: How the transaction is opened. Only for the outermost one.
    ///   - body: The work. It is lent this connection.
    /// - Returns: what the closure returned.
    /// - Throws: what the closure threw, after the rollback; `VernalError` with the code `unknownCommitOutcome` when the
    ///   connection was lost before the answer to `COMMIT` came; with `transactionAborted` when the closure
    ///   returned though one of its statements had failed, in which case nothing was committed.
    @discardableResult
    public mutating func withTransaction<R>(
        _ options: TransactionOptions = TransactionOptions(),
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        if isInTransaction { return try await withSavepoint(options, body) }
        try checkTransactions()
        let outer = limits.end
        limits.begin(transactionOf: options.maxDuration)
        do {
            let result = try await repeating(options, body)
            limits.end = outer
            return result
        } catch {
            limits.end = outer
            throw error
        }
    }

    private mutating func repeating<R>(
        _ options: TransactionOptions,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        var failures = 0
        while true {
            do {
                return try await once(options, body)
            } catch let error as VernalError where error.sqlState?.asksForRepetition == true {
                failures += 1
                let pause = Backoff.delay(
                    attempt: failures,
                    jitter: .random(in: 0..<1),
                    base: .milliseconds(10),
                    cap: .milliseconds(500)
                )
                let resumption = Moment.now + pause
                let deadline = limits.deadline(nil)
                guard failures <= options.retries, !isInTransaction, deadline.map({ resumption < $0 }) ?? true,
                    await SocketWaiter.shared.sleep(at: Parking(), until: resumption) == .timedOut
                else { throw error }
            }
        }
    }

    private mutating func once<R>(
        _ options: TransactionOptions,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        try await open(options)
        let result: R
        do {
            result = try await body(&self)
        } catch {
            await rollBackAfterFailure()
            throw error
        }
        try await commit()
        return result
    }

    private mutating func commit() async throws(VernalError) {
        if let opening = opening.take() {
            // Nothing was run in it, so nothing has to be ended.
            if case .failed(let error) = opening { throw error }
            return
        }
        switch link.transactionStatus {
        case .inFailedTransaction:
            // COMMIT would be answered with ROLLBACK, and nobody would notice.
            await rollBackAfterFailure()
            throw Self.swallowedFailure
        case .inTransaction:
            break
        case .idle:
            return  // The closure has ended the transaction itself.
        case .active, .unknown:
            throw VernalError(.connectionLost, "the connection was lost before the transaction could be committed") {
                $0.statementWasSent = true
            }
        }
        let deadline = limits.commitDeadline
        if deadline <= .now {
            await rollBackAfterFailure()
            throw VernalError(.timedOut, "the deadline passed before the commit: the transaction was rolled back") {
                $0.wait = .statement
            }
        }
        link.cancelTimeout = limits.cancelTimeout()
        do throws(LibpqError) {
            // A cancelled task does not cancel a commit: half of the time it would be too late, and nobody could tell.
            try await link.command("COMMIT", until: deadline, isCancellable: false)
        } catch {
            let failure = noted(error)
            guard error.code != .server, error.statementWasSent else { throw failure }
            throw failure.with { fields in
                fields.code = .unknownCommitOutcome
                fields.message =
                    "no answer to COMMIT came (\(fields.message)): the transaction may or may not have been committed, "
                    + "so look before it is run again"
            }
        }
    }

    private mutating func withSavepoint<R>(
        _ options: TransactionOptions,
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        guard options == TransactionOptions() else {
            throw VernalError(
                .misuse,
                "a transaction within a transaction is a savepoint and takes no options: set them on the outer one"
            )
        }
        // Savepoints of one name hide each other and come back in turn, so one name is enough.
        if opening == nil { try await command("SAVEPOINT vernal") } else { try await sendOpening("; SAVEPOINT vernal") }
        let result: R
        do {
            result = try await body(&self)
        } catch {
            await rollBackToSavepoint()
            throw error
        }
        if link.transactionStatus == .inFailedTransaction {
            await rollBackToSavepoint()
            throw Self.swallowedFailure
        }
        do {
            try await command("RELEASE SAVEPOINT vernal")
        } catch {
            // A savepoint that stays would keep the work of a closure whose caller is told that it failed, and would be taken for
            // the outer one of the same name.
            await rollBackToSavepoint()
            throw error
        }
        return result
    }

    private mutating func rollBackToSavepoint() async {
        let limit = limits.cleanUpDeadline
        link.cancelTimeout = .zero
        do throws(LibpqError) {
            try await link.command("ROLLBACK TO SAVEPOINT vernal", until: limit, isCancellable: false)
            try await link.command("RELEASE SAVEPOINT vernal", until: limit, isCancellable: false)
        } catch {
            // The outer transaction finds the session in the state that it is in, and fails by itself.
        }
    }

    private static var swallowedFailure: VernalError {
        VernalError(
            .transactionAborted,
            "a statement of the transaction had failed, so nothing was committed: let its error out of the closure, "
                + "or run it in a withTransaction of its own"
        )
    }

    mutating func command(_ text: String) async throws(VernalError) {
        link.cancelTimeout = limits.cancelTimeout()
        do throws(LibpqError) {
            try await link.command(text, until: limits.deadline(nil))
        } catch {
            throw noted(error)
        }
    }

    /// If it cannot be rolled back here, the connection is closed when it goes back, which has the same effect.
    private mutating func rollBackAfterFailure() async {
        opening = nil
        guard isInTransaction else { return }
        _ = await rollBack()
    }
}
