internal import LibpqIO
package import PoolCore

extension EngineConfiguration {
    /// Checks every number, and that they agree with each other.
    ///
    /// - Throws: `VernalError` with the code `configuration`, which names the first setting that is wrong, and its variable if it has one.
    public func validate() throws(VernalError) {
        for keyword in settings.keywords where !ConnectionSettings.isKnown(keyword) {
            throw VernalError(.configuration, "libpq knows no connection parameter \"\(keyword)\"")
        }
        try require(1...1000, poolSize, "poolSize (VERNAL_POOL_SIZE)")
        try require(0...1000, maxOverflow, "maxOverflow (VERNAL_MAX_OVERFLOW)")
        try require(0...1000, minConnections, "minConnections (VERNAL_MIN_CONNECTIONS)")
        try require(0...1_000_000, maxWaiters, "maxWaiters (VERNAL_MAX_WAITERS)")
        if minConnections > poolSize {
            throw VernalError(
                .configuration,
                "minConnections (VERNAL_MIN_CONNECTIONS) is \(minConnections) and poolSize (VERNAL_POOL_SIZE) only \(poolSize): "
                    + "make poolSize at least as large"
            )
        }
        try require(0...10_000, statementCacheSize, "statementCacheSize (VERNAL_STATEMENT_CACHE_SIZE)")
        if let maxUses { try require(1...1_000_000_000, maxUses, "maxUses") }
        if let breakerThreshold { try require(1...1000, breakerThreshold, "breakerThreshold") }
        if !keepsConnections, minConnections > 0 {
            throw VernalError(
                .configuration,
                "minConnections (VERNAL_MIN_CONNECTIONS) is \(minConnections), but keepsConnections is false: nothing is kept"
            )
        }
        if let connectBurst { try require(1...1000, connectBurst, "connectBurst (VERNAL_CONNECT_BURST)") }
        if let connectConcurrency {
            try require(1...1000, connectConcurrency, "connectConcurrency (VERNAL_CONNECT_CONCURRENCY)")
        }
        if let fleetSize { try require(1...10_000_000, fleetSize, "fleetSize (VERNAL_FLEET_SIZE)") }
        try require(rate: connectRate, "connectRate (VERNAL_CONNECT_RATE)")
        if let serverConnectRate {
            try require(rate: serverConnectRate, "serverConnectRate (VERNAL_SERVER_CONNECT_RATE)")
        }
        if let attempts = acquireRetry.maxAttempts { try require(1...1000, attempts, "acquireRetry.maxAttempts") }
        try require(1...64, alertThresholds.connectWindow, "alertThresholds.connectWindow")
        if let idleSessionTimeout {
            guard idleSessionTimeout >= IdleSessionRule.shortest, idleSessionTimeout <= IdleSessionRule.longest else {
                throw VernalError(
                    .configuration,
                    "idleSessionTimeout (VERNAL_IDLE_SESSION_TIMEOUT) is \(idleSessionTimeout): "
                        + "it has to be from 1 s to 2147483647 ms, which is nearly 25 days"
                )
            }
        }
        if let maxTransactionDuration {
            try require(positive: maxTransactionDuration, "maxTransactionDuration (VERNAL_MAX_TRANSACTION_DURATION)")
        }
        if let leakThreshold { try require(positive: leakThreshold, "leakThreshold (VERNAL_LEAK_THRESHOLD)") }
        try require(positive: acquireRetry.baseDelay, "acquireRetry.baseDelay")
        try require(positive: acquireRetry.maxDelay, "acquireRetry.maxDelay")
        try require(positive: alertThresholds.interval, "alertThresholds.interval")
        try require(positive: alertThresholds.acquireP95, "alertThresholds.acquireP95")
        try require(notNegative: alertThresholds.saturationTime, "alertThresholds.saturationTime")
        try require(notNegative: alertThresholds.exhaustionTime, "alertThresholds.exhaustionTime")
        try require(positive: acquireTimeout, "acquireTimeout (VERNAL_ACQUIRE_TIMEOUT)")
        try require(positive: connectTimeout, "connectTimeout (VERNAL_CONNECT_TIMEOUT)")
        try require(notNegative: invocationMargin, "invocationMargin")
        try require(positive: idleTimeout, "idleTimeout (VERNAL_IDLE_TIMEOUT)")
        try require(positive: hardIdleLimit, "hardIdleLimit")
        try require(positive: maxLifetime, "maxLifetime (VERNAL_MAX_LIFETIME)")
        try require(notNegative: pingBypass, "pingBypass")
        try require(notNegative: pingIdleAge, "pingIdleAge")
        try require(positive: pingTimeout, "pingTimeout")
        try require(positive: rollbackTimeout, "rollbackTimeout")
        try require(positive: cancelTimeout, "cancelTimeout")
        try require(notNegative: firstConnectWindow, "firstConnectWindow (VERNAL_FIRST_CONNECT_WINDOW)")
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
