internal import PoolCore

/// The numbers that ship, read from where they are, so that no table can be about others.
struct ShippedDefaults {
    let connectConcurrency: Int?
    let backoffBase: Double
    let backoffCap: Double
    let backoffShare: Double
    let backoffSteadyPart: Double
    let backoffEvenRefusals: Int
    let retryQuota: Int

    init() {
        let patience = ConnectPatience.Limits()
        connectConcurrency = PoolLimits().connectConcurrency
        backoffBase = patience.base / .seconds(1)
        backoffCap = patience.cap / .seconds(1)
        backoffShare = patience.share
        backoffSteadyPart = patience.steadyPart
        backoffEvenRefusals = patience.evenRefusals
        retryQuota = patience.quota
    }
}

extension StormPolicy {
    /// The limits of each environment's pool.
    var poolLimits: PoolLimits {
        var limits = PoolLimits()
        limits.size = poolSize
        limits.maxWaiters = 1_000_000
        limits.connectBurst = connectBurst ?? poolSize
        limits.connectRate = connectRate
        limits.connectConcurrency = connectConcurrency
        // A naive pool closes what it gave up on; one that has patience takes it up again.
        limits.halfOpenLimit = attemptTimeout == nil ? .seconds(60) : .zero
        return limits
    }

    var patienceLimits: ConnectPatience.Limits {
        var limits = ConnectPatience.Limits()
        limits.base = .seconds(backoffBase)
        limits.cap = .seconds(backoffCap)
        limits.share = backoffShare
        limits.steadyPart = backoffSteadyPart
        limits.evenRefusals = backoffEvenRefusals
        limits.quota = retryQuota
        return limits
    }

    var retentionLimits: RetentionRule.Limits {
        var limits = RetentionRule.Limits()
        limits.policy =
            switch retention {
            case "keep": .keep
            case "release": .release
            default: .adaptive
            }
        return limits
    }
}
