import Moments
import PoolCore

/// What has to hold whatever happened.
extension ReferenceModel {
    /// What has to hold between two events.
    mutating func agrees(with snapshot: PoolSnapshot) throws(Violation) {
        let counts = snapshot.counts
        guard counts.connecting == count(.opening), counts.halfOpen == count(.halfOpen), counts.idle == count(.idle),
            counts.leased == count(.leased), counts.open == connections.count
        else { throw Violation("wrong counts: \(counts)") }
        guard snapshot.waiting == queue.count else { throw Violation("\(snapshot.waiting) wait") }
        guard counts.open <= allowance else { throw Violation("\(counts.open) open") }
        allowance = max(limit, counts.open)
        guard idle.isEmpty || queue.isEmpty || wasEverPaused else {
            throw Violation("somebody waits beside an idle connection")
        }
        guard counters == Counters(snapshot.counters) else {
            throw Violation("wrong: \(snapshot.counters), \(counters)")
        }
        let all = snapshot.counters
        guard all.connects == all.connectFailures + all.evictions.total + counts.open else {
            throw Violation("a connection is unaccounted for: \(all)")
        }
    }

    func age(_ connection: Connection, now: Instant) -> Duration {
        max(connection.cameBack.map { now - $0 } ?? .zero, connection.frozenFor)
    }

    func nothingStaysTooLong(now: Instant) throws(Violation) {
        if clockWasSetBack { return }
        for connection in connections.values {
            switch connection.phase {
            case .halfOpen:
                guard max(now - connection.begun, connection.frozenFor) <= limits.halfOpenLimit else {
                    throw Violation("a half-open connection is kept for too long")
                }
            case .idle:
                let age = age(connection, now: now)
                guard age <= limits.hardIdleLimit else { throw Violation("idle for too long, whatever the minimum") }
                guard age <= limits.idleTimeout || connections.count <= limits.minConnections else {
                    throw Violation("idle for too long, and more than the minimum are open")
                }
            case .opening, .leased: break
            }
        }
    }

    func check(_ connection: ConnectionID, now: Instant) throws(Violation) -> LivenessCheck {
        guard let known = connections[connection], let end = known.endOfLife, let cameBack = known.cameBack else {
            throw Violation("\(connection) is idle and was never made")
        }
        guard now < end else { throw Violation("the life of \(connection) is over") }
        if now < cameBack { return .ping }
        let age = age(known, now: now)
        if age < limits.pingBypass { return .none }
        return age > limits.pingIdleAge ? .ping : .look
    }
}

extension ReferenceModel.Counters {
    init(_ counters: PoolCounters) {
        acquires = counters.acquires
        waits = counters.waits
        rejections = counters.rejections
        waitTimeouts = counters.waitTimeouts
        waitCancellations = counters.waitCancellations
        misses = counters.misses
        connects = counters.connects
        connectFailures = counters.connectFailures
        overloads = counters.overloads
        throttled = counters.throttled
        invalidations = counters.invalidations
        breakerOpenings = counters.breakerOpenings
        leaks = counters.leaks
        leaksWithdrawn = counters.leaksWithdrawn
        let all = counters.evictions
        evictions = [
            .lifetime: all.lifetime, .idle: all.idle, .halfOpen: all.halfOpen, .maxUses: all.maxUses,
            .invalidated: all.invalidated, .overflow: all.overflow, .broken: all.broken, .unpooled: all.unpooled,
            .released: all.released,
        ].filter { $0.value > 0 }
    }
}
