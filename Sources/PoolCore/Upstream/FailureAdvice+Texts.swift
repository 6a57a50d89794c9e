extension FailureAdvice {
    /// The messages of which the code says nothing, or something else.
    ///
    /// The texts are those of the poolers' sources and documentation; the order is that of the poolers.
    static func byText(_ sqlState: String, _ text: String, _ detail: String) -> FailureAdvice? {
        switch sqlState {
        case "08P01": pgbouncer(text)
        case "58000": withSystemError(text)
        case "08006", "08000": withConnectionError(text, detail)
        case "57000" where detail.contains("client_idle_limit"): FailureAdvice(.idleClosed, .soon)
        case "XX000": withInternalError(text) ?? pgbouncer(text)
        default: amazon(text)
        }
    }

    private static func pgbouncer(_ text: String) -> FailureAdvice? {
        if text.hasPrefix("no more connections allowed") || text.hasPrefix("client connections exceeded") {
            return FailureAdvice(.tooManyConnections, .soon)
        }
        // It remembers the failure of the server for `server_login_retry`, 15 s.
        if text.hasPrefix("server login has been failing") {
            return FailureAdvice(.unavailable, .slowly, pause: .seconds(1))
        }
        if ["pooler is shutting down", "server shutting down", "the database system is"].contains(where: text.hasPrefix)
            || text.contains("client_login_timeout (server down)")
        {
            return FailureAdvice(.unavailable, .soon)
        }
        if text.hasPrefix("query_wait_timeout") || text.hasPrefix("query_timeout") {
            return FailureAdvice(.queueTimeout, .notNow)
        }
        if text.hasPrefix("client_idle_timeout") || text.hasPrefix("idle transaction timeout") {
            return FailureAdvice(.idleClosed, .soon)
        }
        if text.hasPrefix("no such database") || text.hasPrefix("no such user")
            || text.contains("authentication failed")
        {
            return FailureAdvice(.login, .never)
        }
        if text.contains("unsupported startup parameter") || text.hasPrefix("not allowed")
            || text.contains("SSL required")
        {
            return FailureAdvice(.configuration, .never)
        }
        return nil
    }

    /// PgCat, PgDog and Hyperdrive, which keep the connection after most of these.
    private static func withSystemError(_ text: String) -> FailureAdvice? {
        if text.hasPrefix("terminating connection due to administrator command") {
            return FailureAdvice(.unavailable, .soon)
        }
        if text.hasPrefix("could not get connection from the pool") || text == "checkout timeout" {
            return FailureAdvice(.queueTimeout, .soon, keepsConnection: true)
        }
        if text.hasPrefix("checkout failure limit reached") { return FailureAdvice(.queueTimeout, .soon) }
        if text.hasPrefix("idle transaction timeout") { return FailureAdvice(.idleClosed, .soon) }
        if text.hasPrefix("Failed to acquire a connection") {
            return FailureAdvice(.tooManyConnections, .soon, keepsConnection: true)
        }
        let isDown = [
            "Pool down for database", "pool is banned", "all replicas down", "Server connection attempt failed",
        ]
        if isDown.contains(where: text.hasPrefix) || text.hasSuffix("is down") {
            return FailureAdvice(.unavailable, .soon, keepsConnection: true)
        }
        return nil
    }

    /// Odyssey and RDS Proxy.
    private static func withConnectionError(_ text: String, _ detail: String) -> FailureAdvice? {
        if text.hasSuffix("Odyssey has dropped the connection") || detail.contains("due to idle timeout") {
            return FailureAdvice(.idleClosed, .soon)
        }
        if text.contains("is not found") { return FailureAdvice(.login, .never) }
        if text.hasPrefix("Timed-out waiting to acquire database connection") {
            return FailureAdvice(.queueTimeout, .notNow)
        }
        return amazon(text)
    }

    /// Neon's proxy, Supavisor and pgpool-II give nearly everything this code.
    private static func withInternalError(_ text: String) -> FailureAdvice? {
        let longPauses = [
            "(ECIRCUITBREAKER)", "Control plane request failed: endpoint is temporarily unavailable",
        ]
        if longPauses.contains(where: text.hasPrefix) {
            let cause: Cause = text.hasPrefix("(E") ? .connectRate : .unavailable
            return FailureAdvice(cause, .slowly, pause: .seconds(text.hasPrefix("(E") ? 30 : 1))
        }
        if text.hasPrefix("(EMAX") || text.hasPrefix("Too many connections attempts")
            || text.hasPrefix("Failed to acquire permit to connect")
        {
            return FailureAdvice(.tooManyConnections, .soon)
        }
        if text.hasPrefix("(ECHECKOUTTIMEOUT)") { return FailureAdvice(.queueTimeout, .notNow) }
        if text.hasPrefix("(EDBHANDLEREXITED)") || text.hasPrefix("(EPOOLTERMINATING)")
            || text.hasPrefix("connection terminated due to online recovery")
        {
            return FailureAdvice(.unavailable, .soon)
        }
        if text.hasPrefix("Too many connections to this endpoint") || text.hasPrefix("Authentication timed out") {
            return FailureAdvice(.connectRate, .slowly, pause: .seconds(1))
        }
        let settings = [
            "endpoint is disabled", "cannot be found", "connection is insecure", "Endpoint ID is not specified",
            "unsupported startup parameter", "(EPSSIMPLEQUERY)",
        ]
        if settings.contains(where: text.contains) { return FailureAdvice(.configuration, .never) }
        if text.hasPrefix("Couldn't connect to compute node") || text.hasPrefix("Control plane request failed")
            || text.contains("all backend nodes are down")
        {
            return FailureAdvice(.unavailable, .slowly, pause: .seconds(1))
        }
        if let advice = amazon(text) { return advice }
        return text.contains("authentication") || text.contains("password") ? FailureAdvice(.login, .never) : nil
    }

    /// RDS Proxy, which documents its texts and not their codes.
    private static func amazon(_ text: String) -> FailureAdvice? {
        if text.hasPrefix("The maximum number of client connections to the proxy exceeded") {
            return FailureAdvice(.tooManyConnections, .soon)
        }
        if text.hasPrefix("Rate of connection to proxy exceeded") || text.contains("too many competing requests") {
            return FailureAdvice(.connectRate, .slowly, pause: .seconds(1))
        }
        let logins = [
            "RDS proxy has no credentials for the role", "The password that was provided for the role",
            "The IAM authentication failed for the role", "Request returned an error:",
        ]
        if logins.contains(where: text.contains) { return FailureAdvice(.login, .never) }
        let settings = [
            "RDS Proxy requires TLS", "IAM authentication is allowed only with SSL",
            "RDS supports only IAM, MD5, or SCRAM",
            "command-line options", "RDS Proxy currently", "RDS Proxy supports only",
        ]
        return settings.contains(where: text.contains) ? FailureAdvice(.configuration, .never) : nil
    }
}
