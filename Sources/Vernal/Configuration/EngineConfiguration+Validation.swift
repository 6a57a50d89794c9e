internal import LibpqIO
package import PoolCore

extension EngineConfiguration {
    /// Checks every number, and that they agree with each other.
    ///
    /// - Throws: `VernalError` with the code `configuration`, which names the first setting that is wrong.
    public func validate() throws(VernalError) {
        for keyword in settings.keywords where !ConnectionSettings.isKnown(keyword) {
            throw VernalError(.configuration, "libpq knows no connection parameter \"\(keyword)\"")
        }
        try require(1...1000, poolSize, "poolSize")
        try require(0...1000, maxOverflow, "maxOverflow")
        try require(0...1000, minConnections, "minConnections")
        try require(0...1_000_000, maxWaiters, "maxWaiters")
        if minConnections > poolSize {
            throw VernalError(
                .configuration,
                "minConnections is \(minConnections) and poolSize only \(poolSize): make poolSize at least as large"
            )
        }
        try require(0...10_000, statementCacheSize, "statementCacheSize")
        if let maxUses { try require(1...1_000_000_000, maxUses, "maxUses") }
        if let breakerThreshold { try require(1...1000, breakerThreshold, "breakerThreshold") }
        if !keepsConnections, minConnections > 0 {
            throw VernalError(
                .configuration,
                "minConnections is \(minConnections), but keepsConnections is false: nothing is kept"
            )
        }
        if let connectBurst { try require(1...1000, connectBurst, "connectBurst") }
        if let connectConcurrency { try require(1...1000, connectConcurrency, "connectConcurrency") }
        if let fleetSize { try require(1...10_000_000, fleetSize, "fleetSize") }
        try require(rate: connectRate, "connectRate")
        if let serverConnectRate { try require(rate: serverConnectRate, "serverConnectRate") }
        if let attempts = acquireRetry.maxAttempts { try require(1...1000, attempts, "acquireRetry.maxAttempts") }
        try require(1...64, alertThresholds.connectWindow, "alertThresholds.connectWindow")
        if let idleSessionTimeout {
            guard idleSessionTimeout >= IdleSessionRule.shortest, idleSessionTimeout <= IdleSessionRule.longest else {
                throw VernalError(
                    .configuration,
                    "idleSessionTimeout is \(idleSessionTimeout): it has to be from 1 s to 2147483647 ms, which is nearly 25 days"
                )
            }
        }
        if let maxTransactionDuration { try require(positive: maxTransactionDuration, "maxTransactionDuration") }
        if let leakThreshold { try require(positive: leakThreshold, "leakThreshold") }
        try require(positive: acquireRetry.baseDelay, "acquireRetry.baseDelay")
        try require(positive: acquireRetry.maxDelay, "acquireRetry.maxDelay")
        try require(positive: alertThresholds.interval, "alertThresholds.interval")
        try require(positive: alertThresholds.acquireP95, "alertThresholds.acquireP95")
        try require(notNegative: alertThresholds.saturationTime, "alertThresholds.saturationTime")
        try require(notNegative: alertThresholds.exhaustionTime, "alertThresholds.exhaustionTime")
        try require(positive: acquireTimeout, "acquireTimeout")
        try require(positive: connectTimeout, "connectTimeout")
        try require(notNegative: invocationMargin, "invocationMargin")
        try require(positive: idleTimeout, "idleTimeout")
        try require(positive: hardIdleLimit, "hardIdleLimit")
        try require(positive: maxLifetime, "maxLifetime")
        try require(notNegative: pingBypass, "pingBypass")
        try require(notNegative: pingIdleAge, "pingIdleAge")
        try require(positive: pingTimeout, "pingTimeout")
        try require(positive: rollbackTimeout, "rollbackTimeout")
        try require(positive: cancelTimeout, "cancelTimeout")
        try require(notNegative: firstConnectWindow, "firstConnectWindow")
    }

    /// A hundred years: longer ones would overflow when they are added to a point in time.
    private static let longestDuration: Duration = .seconds(100 * 365 * 86_400)

    private func require(_ range: ClosedRange<Int>, _ value: Int, _ name: String) throws(VernalError) {
        guard range.contains(value) else {
            throw VernalError(
                .configuration,
                "\(name) is \(value): it has to be from \(range.lowerBound) to \(range.upperBound)"
            )
        }
    }

    private func require(positive value: Duration, _ name: String) throws(VernalError) {
        guard value > .zero else {
            throw VernalError(.configuration, "\(name) is \(value): it has to be more than 0")
        }
        try require(notNegative: value, name)
    }

    private func require(notNegative value: Duration, _ name: String) throws(VernalError) {
        guard value >= .zero else {
            throw VernalError(.configuration, "\(name) is \(value): it has to be 0 or more")
        }
        guard value <= Self.longestDuration else {
            throw VernalError(.configuration, "\(name) is \(value): the most is \(Self.longestDuration)")
        }
    }

    private func require(rate: Double, _ name: String) throws(VernalError) {
        guard rate > 0, rate.isFinite else {
            throw VernalError(.configuration, "\(name) is \(rate): it has to be more than 0 connects a second")
        }
    }

    /// The numbers in the form that the pool decides by.
    package var limits: PoolLimits {
        var limits = PoolLimits()
        limits.size = poolSize
        limits.maxOverflow = maxOverflow
        limits.minConnections = minConnections
        limits.maxWaiters = maxWaiters
        limits.idleTimeout = idleTimeout
        limits.hardIdleLimit = max(hardIdleLimit, idleTimeout)
        limits.maxLifetime = maxLifetime
        limits.halfOpenLimit = connectTimeout * ConnectAttempt.patienceWithTheLeft
        limits.pingBypass = pingBypass
        limits.pingIdleAge = pingIdleAge
        limits.keepsConnections = keepsConnections
        limits.maxUses = maxUses
        limits.breakerThreshold = breakerThreshold
        limits.connectBurst = connectBurst ?? limits.maxOpen
        limits.connectBurstFollowsLimit = connectBurst == nil
        limits.connectRate = connectRate
        limits.connectConcurrency = connectConcurrency
        return limits
    }
}
