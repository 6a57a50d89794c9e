internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Whether the connection is worth lending.
    ///
    /// - Parameters:
    ///   - check: how much has to be known; each step includes the cheaper ones.
    ///   - deadline: until when the connection is worth anything to the caller.
    ///   - configuration: how long a sign of life may take.
    /// - Returns: `false` when it is to be closed.
    mutating func isAlive(
        _ check: LivenessCheck,
        until deadline: Moment,
        _ configuration: EngineConfiguration
    ) async -> Bool {
        switch check {
        case .none:
            return true
        case .look:
            return link.isStillConnected()
        case .ping:
            guard link.isStillConnected() else { return false }
            link.cancelTimeout = .zero
            do throws(LibpqError) {
                try await link.ping(until: min(deadline, .now + configuration.pingTimeout))
                return true
            } catch {
                return false
            }
        }
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
        return link.transactionStatus == .idle
    }
}
