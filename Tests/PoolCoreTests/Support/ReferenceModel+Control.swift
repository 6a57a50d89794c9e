import Moments
import PoolCore

/// What is done to the pool as a whole.
extension ReferenceModel {
    mutating func thawed(gap: Duration) {
        for (connection, known) in connections where known.phase == .idle || known.phase == .halfOpen {
            connections[connection]?.frozenFor = max(known.frozenFor, gap)
        }
    }

    mutating func released(_ closed: [ConnectionID], _ reason: EvictionReason = .released) throws(Violation) {
        guard Set(closed) == Set(all(.idle) + all(.halfOpen)), closed.count == Set(closed).count else {
            throw Violation("released: \(closed)")
        }
        for connection in closed { evict(connection, reason) }
    }

    mutating func shutDown(_ action: ShutdownAction) throws(Violation) {
        isClosed = true
        try released(action.close)
        guard action.reject == queue else { throw Violation("a shutdown rejected \(action.reject)") }
        reject(action.reject)
    }

    mutating func invalidated(_ closed: [ConnectionID]) throws(Violation) {
        counters.invalidations += 1
        try released(closed, .invalidated)
        for connection in connections.keys { connections[connection]?.isStale = true }
    }

    mutating func lost(_ connection: ConnectionID, _ closed: [ConnectionID]) throws(Violation) {
        guard let known = connections[connection], known.phase == .leased, !known.isStale else {
            guard closed.isEmpty else { throw Violation("old news closed \(closed)") }
            return
        }
        try invalidated(closed)
    }

    mutating func resized(size: Int, maxOverflow: Int, _ closed: [ConnectionID]) throws(Violation) {
        guard !isClosed else {
            guard closed.isEmpty else { throw Violation("a closed pool was resized") }
            return
        }
        limits.size = size
        limits.maxOverflow = maxOverflow
        if limits.connectBurstFollowsLimit {
            limits.connectBurst = limit
            bucket.burst = Double(limit)
        }
        told = [:]
        var expected: Set<ConnectionID> = []
        for halfOpen in all(.halfOpen) where connections.count > limit {
            expected.insert(halfOpen)
            evict(halfOpen, .overflow)
        }
        for oldest in idle where connections.count - count(.halfOpen) > limits.size {
            expected.insert(oldest)
            evict(oldest, .overflow)
        }
        guard Set(closed) == expected, closed.count == expected.count else {
            throw Violation("resized, and closed \(closed), not \(expected)")
        }
        allowance = max(limit, connections.count)
    }

    mutating func paused(now: Instant, until: Instant) {
        pause = (now, until)
        wasEverPaused = true
        told = [:]
    }

    mutating func resumed() {
        pause = nil
        told = [:]
    }

    mutating func overdue(_ reported: [ConnectionID], threshold: Duration, now: Instant) throws(Violation) {
        let expected = all(.leased).filter { connection in
            guard let known = connections[connection], let leasedAt = known.leasedAt else { return false }
            return !known.isReported && now - leasedAt > threshold
        }
        guard reported == expected else { throw Violation("reported \(reported), not \(expected)") }
        for connection in expected { connections[connection]?.isReported = true }
        counters.leaks += expected.count
    }
}
