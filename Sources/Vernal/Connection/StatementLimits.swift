internal import InvocationLifecycle
internal import LibpqIO
internal import Moments

/// How long statements may take: what the configuration says, and what the invocation has left.
struct StatementLimits: Sendable {
    private let invocationMargin: Duration
    private let ownCancelTimeout: Duration
    private let rollbackTimeout: Duration

    init(_ configuration: EngineConfiguration) {
        invocationMargin = configuration.invocationMargin
        ownCancelTimeout = configuration.cancelTimeout
        rollbackTimeout = configuration.rollbackTimeout
    }

    /// When a statement that begins now has to be done; `nil` when nothing limits it.
    func deadline(_ timeout: Duration?) -> Moment? {
        let own = timeout.map { Moment.now + $0 }
        guard let invocation = InvocationDeadline.current else { return own }
        let last = invocation.moment - invocationMargin
        return own.map { min($0, last) } ?? last
    }

    /// When clean-up that begins now has to be done.
    ///
    /// In an invocation some time has to be left for the answer; but a rollback is always tried, because an open
    /// transaction holds locks.
    var cleanUpDeadline: Moment {
        let own = Moment.now + rollbackTimeout
        guard let invocation = InvocationDeadline.current else { return own }
        return min(own, max(invocation.moment - invocationMargin / 5, .now + .milliseconds(20)))
    }

    /// When a commit that begins now has to be answered.
    ///
    /// It cannot be cancelled, so it has a limit even when nothing else sets one: a server that vanished would hold it for
    /// hours.
    var commitDeadline: Moment { deadline(nil) ?? .now + .seconds(60) }

    /// How long to wait for a cancelled statement to end.
    ///
    /// In an invocation it comes out of the margin, of which some has to be left for the answer.
    var cancelTimeout: Duration {
        guard InvocationDeadline.current != nil else { return ownCancelTimeout }
        return min(ownCancelTimeout, invocationMargin * 4 / 5)
    }
}
