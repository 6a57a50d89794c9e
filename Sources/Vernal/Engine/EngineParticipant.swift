internal import InvocationLifecycle
internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

/// What an engine does when the process starts, may be frozen, and ends.
final class EngineParticipant: InvocationParticipant {
    let name = "the engine"
    private let pool: Result<ConnectionPool, VernalError>

    init(_ pool: Result<ConnectionPool, VernalError>) {
        self.pool = pool
    }

    /// A wrong configuration fails the start of the process, not its first invocation.
    ///
    /// Nothing is opened.
    func willStart() async throws {
        _ = try pool.get()
    }

    func didThaw(gap: Duration) async {
        guard let pool = try? pool.get() else { return }
        pool.shared.withLock { $0.state.processThawed(gap: gap) }
        pool.events.emit(.thawed) { $0.duration = gap }
    }

    func willFreeze() async {
        guard let pool = try? pool.get() else { return }
        await pool.invocationEnded()
        await pool.prepareForFreeze()
    }

    func afterRestore() async {
        guard let pool = try? pool.get() else { return }
        pool.restored()
    }

    func willStop(by deadline: ContinuousClock.Instant) async {
        guard let pool = try? pool.get() else { return }
        await pool.shutDown(until: Moment(deadline))
    }
}

extension ConnectionPool {
    /// The request of a caller that asks now.
    func request(
        from site: CallSite,
        timeout: Duration?,
        in invocation: InvocationDeadline? = .current
    ) -> AcquireRequest {
        let now = Moment.now
        var deadline = now + (timeout ?? configuration.acquireTimeout)
        if let invocation {
            deadline = min(deadline, invocation.moment - configuration.invocationMargin)
        }
        return AcquireRequest(at: now, until: deadline, from: site)
    }
}
