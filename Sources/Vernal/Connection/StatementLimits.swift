internal import InvocationLifecycle
internal import LibpqIO
internal import Moments

/// How long statements may take: what the configuration says, and what the invocation has left.
struct StatementLimits: Sendable {
    private let rules: ConnectionRules
    /// When every statement has to be done, whatever else is said: the end of a transaction's time, or of a hook's.
    var end: Moment?

    init(_ rules: ConnectionRules) {
        self.rules = rules
    }

    /// When a statement that begins now has to be done; `nil` when nothing limits it.
    func deadline(_ timeout: Duration?, in invocation: InvocationDeadline? = .current) -> Moment? {
        let own = earlier(timeout.map { .now + $0 }, end)
        guard let invocation else { return own }
        return earlier(own, invocation.moment - rules.invocationMargin)
    }

    private func earlier(_ one: Moment?, _ other: Moment?) -> Moment? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// A transaction begins.
    mutating func begin(transactionOf duration: Duration?) {
        guard let duration = duration ?? rules.maxTransactionDuration else { return }
        end = earlier(end, .now + duration)
    }

    /// What goes along with `BEGIN`, so that the server keeps the deadline, too.
    ///
    /// A little more than what is left, so that this side can be the one to say what happened, and time for a rollback: a
    /// transaction that stays idle for too long costs the connection.
    var serverLimits: String {
        guard let deadline = deadline(nil) else { return "" }
        let left = deadline - .now
        return "; SET LOCAL statement_timeout = \(milliseconds(left + .milliseconds(100)))"
            + "; SET LOCAL idle_in_transaction_session_timeout = \(milliseconds(left + .seconds(1)))"
    }

    /// The server counts in 32 bits, and takes 0 for "no limit".
    private func milliseconds(_ duration: Duration) -> Int {
        min(max(1, Int(duration.inSeconds * 1000)), Int(Int32.max))
    }

    /// When clean-up that begins now has to be done.
    ///
    /// In an invocation some time has to be left for the answer; but a rollback is always tried, because an open
    /// transaction holds locks.
    var cleanUpDeadline: Moment {
        let own = Moment.now + rules.rollbackTimeout
        guard let invocation = InvocationDeadline.current else { return own }
        return min(own, max(invocation.moment - rules.invocationMargin / 5, .now + .milliseconds(20)))
    }

    /// When a commit that begins now has to be answered.
    ///
    /// It cannot be cancelled, so it has a limit even when nothing else sets one: a server that vanished would hold it for
    /// hours.
    var commitDeadline: Moment { deadline(nil) ?? .now + .seconds(60) }

    /// How long to wait for a cancelled statement to end.
    ///
    /// In an invocation it comes out of the margin, of which some has to be left for the answer.
    func cancelTimeout(in invocation: InvocationDeadline? = .current) -> Duration {
        guard invocation != nil else { return rules.cancelTimeout }
        return min(rules.cancelTimeout, rules.invocationMargin * 4 / 5)
    }
}
