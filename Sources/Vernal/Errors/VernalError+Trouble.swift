internal import PoolCore

extension VernalError {
    /// Why a connect failed, for those who decide what to do next.
    ///
    /// By the SQLSTATE where that says enough. Poolers use one code for many things, so their words count, too.
    var connectTrouble: ConnectTrouble {
        guard let serverMessage, let sqlState else { return isRetryable ? .unreachable : .definite }
        switch sqlState.rawValue {
        case "53300", "53400": return .overload(retryAfter: nil)
        case "57P03": return .starting
        default: break
        }
        if Self.overloadTexts.contains(where: serverMessage.contains) { return .overload(retryAfter: nil) }
        return isRetryable ? .unreachable : .definite
    }

    /// What poolers say when they have no place for a client, or have been asked too often.
    private static let overloadTexts = [
        "max_client_conn", "client connections exceeded (max_",  // PgBouncer, 08P01
        "client connections to the proxy exceeded", "Rate of connection to proxy exceeded",  // RDS Proxy
        "(EMAXCONN", "(EMAXPOOLSREACHED)",  // Supavisor, XX000
    ]
}
