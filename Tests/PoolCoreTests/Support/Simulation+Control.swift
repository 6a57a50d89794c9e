import Moments
import PoolCore

extension Simulation {
    /// Somebody changes the pool as a whole, or looks after it.
    ///
    /// - Returns: whether nobody may have to be woken after it.
    mutating func somebodyControls() throws(Violation) -> Bool {
        switch random.number(0...9) {
        case 0:
            let closed = pool.invalidateAll()
            lastEvent = "invalidated \(closed)"
            goneConnections += closed
            try model.invalidated(closed)
        case 1:
            guard let connection = random.pick(model.all(.leased) + goneConnections.suffix(2)) else { return true }
            let closed = pool.lost(connection)
            lastEvent = "lost \(connection): \(closed)"
            goneConnections += closed
            try model.lost(connection, closed)
        case 2, 3:
            let (size, overflow) = (random.number(1...8), random.number(0...3))
            let closed = pool.resize(size, overflow: overflow)
            lastEvent = "resized to \(size)+\(overflow): \(closed)"
            goneConnections += closed
            try model.resized(size: size, maxOverflow: overflow, closed)
        case 4:
            let time = random.milliseconds(0...3000)
            lastEvent = "paused for \(time)"
            pool.pause(for: time)
            model.paused(now: pool.now, until: pool.now + time)
        case 5:
            lastEvent = "resumed"
            pool.resume()
            model.resumed()
        case 6, 7:
            let threshold = random.milliseconds(0...500)
            let reported = pool.overdue(threshold)
            lastEvent = "reported \(reported)"
            try model.overdue(reported, threshold: threshold, now: pool.now)
            guard reported.allSatisfy(pool.wasReported), pool.state.leasesOut == model.all(.leased) else {
                throw Violation("the leases that are out: \(pool.state.leasesOut)")
            }
            return true
        default:
            let connection = pool.fill()
            lastEvent = "fill: \(connection.map { "\($0)" } ?? "nothing")"
            try model.fillAsked(connection, now: pool.now)
            if let connection { fills.insert(connection) }
            return true
        }
        return false
    }
}

extension PoolLimits {
    /// Any limits that the shell's checks let through, and small enough to be reached.
    init(random: inout Randomness) {
        self.init()
        size = random.number(1...8)
        maxOverflow = random.number(0...3)
        minConnections = random.number(0...size)
        maxWaiters = random.pick([0, 1, 3, 10, 50]) ?? 0
        idleTimeout = random.milliseconds(500...60_000)
        hardIdleLimit = idleTimeout + random.milliseconds(0...60_000)
        maxLifetime = random.milliseconds(1000...200_000)
        lifetimeJitter = Double(random.number(0...10)) / 10
        pingBypass = random.milliseconds(0...1000)
        pingIdleAge = random.milliseconds(0...30_000)
        halfOpenLimit = random.milliseconds(50...5000)
        connectBurst = random.number(1...(size + maxOverflow))
        connectBurstFollowsLimit = random.chance(50)
        connectStartLevel = random.chance(30) ? random.number(0...connectBurst) : nil
        connectConcurrency = random.chance(25) ? random.number(1...3) : nil
        keepsConnections = random.chance(85)
        maxUses = random.chance(30) ? random.number(1...4) : nil
        breakerThreshold = random.chance(60) ? random.number(1...6) : nil
        connectRate = random.pick([0.2, 1, 5, 50, 1000]) ?? 1
    }
}
