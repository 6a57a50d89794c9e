internal import InvocationLifecycle
internal import LibpqIO
internal import Moments

/// How long statements may take: what the configuration says, and what the invocation has left.
struct StatementLimits: Sendable {
    private let invocationMargin: Duration
    private let ownCancelTimeout: Duration
    let rollbackTimeout: Duration

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

    /// How long to wait for a cancelled statement to end.
    ///
    /// In an invocation it comes out of the margin, of which some has to be left for the answer.
    var cancelTimeout: Duration {
        guard InvocationDeadline.current != nil else { return ownCancelTimeout }
        return min(ownCancelTimeout, invocationMargin * 4 / 5)
    }
}
