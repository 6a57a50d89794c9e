internal import InvocationLifecycle
internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

/// What an engine does when the process starts, may be frozen, and ends.
final class EngineParticipant: InvocationParticipant {
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
        switch pool.configuration.retention {
        case .keep: break
        case .release: pool.close { $0.releaseIdle() }
        case .adaptive: if pool.isServerScarce { pool.close { $0.releaseIdle() } }
        }
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
    /// Whether the server had no connection slot left a while ago.
    fileprivate var isServerScarce: Bool {
        shared.withLock { $0.scarceUntil.map { .now < $0 } ?? false }
    }

    /// Until when a connection is worth anything to a caller that asks now.
    func acquireDeadline(_ timeout: Duration?) -> Moment {
        let own = Moment.now + (timeout ?? configuration.acquireTimeout)
        guard let invocation = InvocationDeadline.current else { return own }
        return min(own, invocation.moment - configuration.invocationMargin)
    }
}
