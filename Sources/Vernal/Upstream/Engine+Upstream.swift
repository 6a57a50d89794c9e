internal import PoolCore

extension Engine {
    /// What the engine has found out about what is between it and PostgreSQL; before the first connect, from the address
    /// alone.
    public var upstream: UpstreamStatus {
        guard let pool = try? pool.get() else {
            let verdict = UpstreamVerdict(.unknown, .unknown, confidence: 0)
            return UpstreamStatus(verdict, UpstreamRules(for: verdict))
        }
        return pool.upstream.status
    }
}

extension VernalError {
    /// What is to be done about what the server said; `nil` when it said nothing, or only something about a statement.
    var advice: FailureAdvice? {
        guard let sqlState, let serverMessage else { return nil }
        return FailureAdvice(
            UpstreamMessage(
                sqlState: sqlState.rawValue,
                text: serverMessage,
                detail: detail,
                // Some call it an ERROR when they refuse a connection.
                isFatal: severity != "ERROR" || code == .connectFailed || code == .authenticationFailed
            )
        )
    }

    /// Whether a server or a pooler that refused a connection will most likely take it a little later: it is out of slots, over
    /// its rate, or just starting.
    var asksForPatience: Bool {
        guard code == .connectFailed, let advice else { return false }
        // Ended in the middle of a connect: that it would be taken a little later was not said.
        if sqlState == .adminShutdown || sqlState == .crashShutdown { return false }
        switch advice.cause {
        case .tooManyConnections, .unavailable, .connectRate: return advice.retry == .soon || advice.retry == .slowly
        case .queueTimeout, .idleClosed, .readOnly, .login, .configuration, .other: return false
        }
    }

    /// Whether a connect or a connection that failed so may be made once more; `nil` when the server said nothing of that.
    var isWorthARetry: Bool? { advice.map { $0.retry != .never } }

    /// Whether the server, or a pooler, has no room for more connections.
    var showsScarcity: Bool { advice?.cause == .tooManyConnections }
}
