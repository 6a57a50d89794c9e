internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Listens to channels for as long as a closure runs, and lends it what arrives.
    ///
    /// From the moment at which the closure runs no notification is missed. However it ends, the session stops listening and drops what
    /// nobody has read, before anybody else gets the connection; if the server does not confirm that, the connection is closed.
    ///
    /// Listening takes a session of one's own, so it takes a direct connection. Behind a pooler that shares sessions nothing would
    /// ever arrive, and so it is refused there, unless the pin policy is `allow`: then a session may go on listening that the pooler
    /// has given to somebody else by the end. Behind RDS Proxy it pins, which is reported. Where it is not known what is in between
    /// and nobody is to ask (`probesUpstream` is off), it is refused, too: say `upstream = .direct`.
    ///
    /// With `idleSessionTimeout` the server is told not to end the session as long as it listens: a process that is frozen meanwhile keeps
    /// its slot.
    ///
    /// To the pool it is a lease like any other: one that lasts longer than `leakThreshold` is reported.
    ///
    /// - Parameters:
    ///   - channels: The names of the channels, as they are: they are quoted, so upper and lower case count. Of 1 to 63 bytes each.
    ///   - timeout: How long to listen; it is the end and no error. It is never longer than the invocation lasts, less the engine's
    ///     margin.
    ///   - body: What is done with the notifications. While it runs the connection belongs to the stream, which lends it for
    ///     statements (`NotificationStream.withConnection`).
    /// - Returns: what the closure returned.
    /// - Throws: as `query`, before the closure runs; `misuse` within a transaction, where nothing is delivered, while it listens
    ///   already, and behind a pooler that shares sessions; `invalidParameter` when a name is not one; what the closure threw.
    public mutating func listen<R>(
        to channels: [String],
        timeout: Duration? = nil,
        _ body: (inout NotificationStream) async throws -> R
    ) async throws -> R {
        let names = try Self.quoted(channels)
        try checkCanListen()
        try await keepRulesOfListening()
        let deadline = limits.deadline(timeout)
        dropNotifications()
        link.cancelTimeout = limits.cancelTimeout()
        do throws(LibpqError) {
            // One text is one transaction: all of them or none.
            let commands = names.map { "LISTEN \($0)" }
            // Who waits in silence does not rest. It begins again when the connection goes back.
            let patience = session.mayEndWhenIdle ? [IdleSessionRule.suspension] : []
            try await link.command((patience + commands).joined(separator: "; "), until: deadline)
        } catch {
            throw noted(error)
        }
        if session.mayEndWhenIdle { session.willStayWhenIdle() }
        isListening = true
        var notifications = NotificationStream(self, until: deadline)
        let outcome: Result<R, any Error>
        do {
            outcome = .success(try await body(&notifications))
        } catch {
            outcome = .failure(error)
        }
        self = notifications.finish()
        isListening = false
        await stopListening(names)
        return try outcome.get()
    }

    /// Leaves nothing of it to the next caller, whatever the reset policy says.
    private mutating func stopListening(_ names: [String]) async {
        // A rollback would take the UNLISTEN back as well.
        if isInTransaction { _ = await rollBack() }
        // An end that does not come in time is not worth a cancel: the connection is closed.
        link.cancelTimeout = .zero
        do throws(LibpqError) {
            try await link.command(
                names.map { "UNLISTEN \($0)" }.joined(separator: "; "),
                until: limits.cleanUpDeadline,
                isCancellable: false
            )
            dropNotifications()
        } catch {
            _ = noted(error)
            link.leave()
        }
    }

    /// libpq keeps them until somebody asks, and that would be the next who listens.
    private mutating func dropNotifications() {
        while link.takeNotification() != nil {}
    }

    private func checkCanListen() throws(VernalError) {
        if isListening {
            throw VernalError(.misuse, "the connection listens already: name all channels in one call")
        }
        if isInTransaction {
            throw VernalError(
                .misuse,
                "within a transaction nothing is delivered: listen outside of it, and open transactions in the closure"
            )
        }
    }

    /// Refuses to wait for what can never come.
    ///
    /// A statement that does not go together with a pooler is only reported, because its author may know better, and finds out. Who
    /// waits would not.
    private mutating func keepRulesOfListening() async throws(VernalError) {
        guard upstream.guardsStatements else { return }
        // Whoever else is asking may not have an answer yet, and a direct server must not be refused for that.
        if upstream.isBreach("LISTEN", inTransaction: false), upstream.wantsProbe {
            _ = upstream.takesProbe()
            await probe()
            if Task.isCancelled { throw VernalError(.cancelled, "the task was cancelled before anything was sent") }
        }
        try await keepRules(of: "LISTEN")
        let rules = upstream.rules
        guard rules.forbidden.contains(.listen), let harm = rules.harm[.listen], harm != .pins else { return }
        throw VernalError(
            .misuse,
            "nothing was sent: \(PinAdvice.sentence(.listen, harm)) (if nothing is in between, say so in this engine's configuration: upstream = .direct)"
        )
    }

    /// The names in quotes.
    ///
    /// A longer name would be cut off by the server, and then be the name of another channel.
    private static func quoted(_ channels: [String]) throws(VernalError) -> [String] {
        guard !channels.isEmpty else { throw VernalError(.invalidParameter, "there is no channel to listen to") }
        for name in channels where !(1...63).contains(name.utf8.count) || name.utf8.contains(0) {
            throw VernalError(.invalidParameter, "the name of a channel has 1 to 63 bytes, none of them NUL")
        }
        return channels.map(\.quotedAsName)
    }
}
