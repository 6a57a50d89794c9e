// What the upstream asks for.

extension PoolState {
    /// Connections must not become as old, or rest as long, as the upstream allows: it would close them without a word.
    ///
    /// It holds for connections that are made, and for rests that end, from now on.
    package mutating func capLives(idle: Duration?, life: Duration?) {
        if let idle {
            limits.idleTimeout = min(limits.idleTimeout, idle)
            limits.hardIdleLimit = min(limits.hardIdleLimit, idle)
        }
        if let life { limits.maxLifetime = min(limits.maxLifetime, life) }
    }

    /// The failure that is reported next opens the circuit breaker: whoever refused has said that it will go on refusing for a
    /// while, and many are told so at once.
    ///
    /// A pool without a breaker has one until the next connect is made.
    package mutating func openBreakerAtOnce() {
        var breaker = breaker ?? CircuitBreaker(threshold: 1, probeLimit: limits.halfOpenLimit)
        breaker.openAtNextFailure()
        self.breaker = breaker
    }
}
