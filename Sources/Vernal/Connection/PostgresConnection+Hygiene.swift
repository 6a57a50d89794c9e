internal import InvocationLifecycle
internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    // MARK: Before it is lent

    /// Whether nothing is left to be done before it is lent, as far as the session is concerned.
    var isReady: Bool { !link.isResetUnderWay && !session.needsConfiguring }

    /// Whether the connection is worth lending.
    ///
    /// - Parameters:
    ///   - check: how much has to be known; each step includes the cheaper ones.
    ///   - deadline: until when the connection is worth anything to the caller.
    ///   - pool: where it comes from.
    /// - Returns: `false` when it is to be closed.
    mutating func isFit(after check: LivenessCheck, until deadline: Moment, _ pool: ConnectionPool) async -> Bool {
        // An answer that was under way while nobody wanted the connection; most likely it is there.
        if link.isResetUnderWay {
            let limit = min(deadline, .now + pool.configuration.rollbackTimeout)
            do throws(LibpqError) {
                try await link.finishReset(until: limit)
            } catch {
                noteFailedReset(error)
                return false
            }
        }
        if check != .none {
            let limit = min(deadline, .now + pool.configuration.pingTimeout)
            guard await isAlive(check, until: limit) else { return false }
        }
        if session.needsConfiguring, let configure = pool.hooks.configure {
            do throws(VernalError) { try await self.configure(with: configure, until: deadline) } catch { return false }
        }
        guard let check = pool.hooks.check else { return true }
        return await run(within: deadline) { connection in
            guard try await check(&connection) else { throw VernalError(.hookFailed, "not fit") }
        }
    }

    private mutating func isAlive(_ check: LivenessCheck, until deadline: Moment) async -> Bool {
        switch check {
        case .none:
            return true
        case .look:
            return link.isStillConnected()
        case .ping:
            guard link.isStillConnected() else { return false }
            link.cancelTimeout = .zero
            do throws(LibpqError) {
                try await link.ping(until: deadline)
                return true
            } catch {
                return false
            }
        }
    }

    /// Asks something that is not worth a cancel, which would be one more connect for a server that is too busy to answer.
    ///
    /// Without an answer in time the connection is of no use any more. It is asked for the engine and not for the task that happens to
    /// run it: the host's task is cancelled when its client goes, and that is to cost no connection.
    mutating func ask(_ query: SQLQuery, until deadline: Moment) async throws(VernalError) -> Rows {
        link.cancelTimeout = .zero
        noteSending()
        do throws(LibpqError) {
            let answer = try await link.query(query.text, query.parameters, until: deadline, isCancellable: false)
            return Rows(answer)
        } catch {
            throw noted(error)
        }
    }

    // MARK: The program's own work

    /// Prepares a connection as the program wants it.
    mutating func configure(
        with hook: @Sendable (inout PostgresConnection) async throws -> Void,
        until deadline: Moment
    ) async throws(VernalError) {
        var failure: VernalError?
        let isFit = await run(within: deadline) { connection in
            do {
                try await hook(&connection)
            } catch {
                failure = VernalError.hookFailed("configure", error)
            }
        }
        if let failure { throw failure }
        guard isFit else {
            throw VernalError(.hookFailed, "the hook \"configure\" left a transaction open, or broke the connection")
        }
        session.wasConfigured()
    }

    /// Cleans the session as the program wants it.
    ///
    /// - Returns: whether the connection can be lent again.
    mutating func clean(with hook: @Sendable (inout PostgresConnection) async throws -> Void) async -> Bool {
        let isClean = await run(within: limits.cleanUpDeadline) { connection in try await hook(&connection) }
        session.wasReset(undoingSettings: false)
        return isClean
    }

    /// Runs a hook, whose statements end by that time.
    ///
    /// - Returns: whether it succeeded and left the session between transactions.
    private mutating func run(
        within deadline: Moment,
        _ hook: (inout PostgresConnection) async throws -> Void
    ) async -> Bool {
        let outer = limits.end
        limits.end = min(deadline, outer ?? deadline)
        do {
            try await hook(&self)
        } catch {
            limits.end = outer
            return false
        }
        limits.end = outer
        return link.isIdle
    }

    // MARK: When it comes back

    /// Whether it comes back as it was lent: between transactions, with a session that nobody has changed.
    ///
    /// It changes nothing; but whoever only reads a value of this size makes a copy of it first, each time.
    var isClean: Bool {
        mutating get {
            link.isIdle && !isSuspect && session.resetCommands == nil && !isIdleTimeoutDue
        }
    }

    /// The commands that clean the session for the next caller; `nil` when it needs none.
    var resetCommands: String? { session.resetCommands }

    /// The session is about to be cleaned.
    mutating func willReset(_ commands: String, configuresAgain: Bool) {
        let traits = upstream.class(of: commands).traits
        session.willRun(traits)
        session.wasReset(undoingSettings: configuresAgain)
        noteStatements(traits)
    }

    /// Has the session cleaned, and ended when it rests, without waiting for it.
    ///
    /// - Parameters:
    ///   - commands: what cleans it; `nil` when it needs none.
    ///   - idleTimeout: what has it ended when it rests; `nil` when there is nothing to say.
    /// - Returns: whether the server has been told.
    mutating func sendReset(_ commands: String?, _ idleTimeout: String?) -> Bool {
        guard let idleTimeout else {
            guard let commands else { return true }
            // If they fail, it is not because of what was said before.
            if session.endsWhenIdle { session.willEndWhenIdle(isAlone: false) }
            return link.sendReset([commands])
        }
        noteSending()
        // Several statements of the program's own are one text, and none of them can be `DISCARD ALL`.
        if let commands, commands.split(separator: ";").count(where: { !$0.allSatisfy(\.isWhitespace) }) > 1 {
            session.willEndWhenIdle(isAlone: false)
            return link.sendReset(["\(commands)\n; \(idleTimeout)"])
        }
        session.willEndWhenIdle(isAlone: true)
        return link.sendReset((commands.map { [$0] } ?? []) + [idleTimeout])
    }

    /// Ends the transaction that is open, whether or not the task was cancelled.
    ///
    /// - Returns: whether the session is between transactions now.
    mutating func rollBack() async -> Bool {
        // A rollback that does not come back in time is not worth a cancel: the connection is closed.
        link.cancelTimeout = .zero
        do throws(LibpqError) {
            try await link.command("ROLLBACK", until: limits.cleanUpDeadline, isCancellable: false)
        } catch {
            return false
        }
        return link.isIdle
    }
}
