internal import LibpqIO
internal import PoolCore

/// What holds for every connection of a pool.
///
/// One object to which all of them refer: a connection is passed on several times for each use, so it is to be small.
final class ConnectionRules: Sendable {
    let invocationMargin: Duration
    let cancelTimeout: Duration
    let rollbackTimeout: Duration
    let maxTransactionDuration: Duration?
    let resetPolicy: ResetPolicy
    let statementCacheSize: Int
    /// When the server is to end sessions that rest; `nil`: it is left as it is.
    let idleSession: IdleSessionRule?
    /// Whether only a server that takes writes will do.
    let wantsWriter: Bool
    /// What is known of what is in between.
    let upstream: UpstreamWatch

    init(_ configuration: EngineConfiguration, _ upstream: UpstreamWatch) {
        invocationMargin = configuration.invocationMargin
        cancelTimeout = configuration.cancelTimeout
        rollbackTimeout = configuration.rollbackTimeout
        maxTransactionDuration = configuration.maxTransactionDuration
        resetPolicy = configuration.resetPolicy
        statementCacheSize = configuration.statementCacheSize
        idleSession = configuration.idleSessionTimeout.map {
            IdleSessionRule($0, options: configuration.settings["options"])
        }
        let attributes = configuration.settings["target_session_attrs"]
        wantsWriter = attributes == "read-write" || attributes == "primary"
        self.upstream = upstream
    }
}
