internal import LibpqIO
internal import Moments
internal import PoolCore

// The server ends the session when it rests for too long, if the user wants that. It is told when the connection comes back: from then
// on the session rests, nobody waits for the answer, and it needs no part in a statement of the caller's.

extension PostgresConnection {
    /// The server is about to be sent something, from which on it counts anew.
    mutating func noteSending() {
        if rules.idleSession != nil { lastSent = .now }
    }

    /// Whether the server has to be told, if it can be: it never was, or not since something may have changed it; or its time has
    /// been running for long, of which the pool knows nothing.
    var isIdleTimeoutDue: Bool {
        guard let rule = rules.idleSession else { return false }
        return !session.endsWhenIdle || rule.isLong(.now - lastSent)
    }

    /// What to tell the server when the connection comes back; `nil` when there is nothing to say.
    ///
    /// If it is not known what is in between, the backend is asked, once in the life of the process.
    mutating func idleTimeoutCommand() async -> String? {
        guard let rule = rules.idleSession, isIdleTimeoutDue else { return nil }
        var step = upstream.step(of: rule, serverVersion: serverVersion)
        if step == .findOut, upstream.takesProbe() {
            await probe()
            step = upstream.step(of: rule, serverVersion: serverVersion)
        }
        switch step {
        case .tell: return rule.command
        case .findOut: return nil  // Somebody else is asking.
        case .refrain(let reason):
            upstream.leavesIdleSessions(because: reason)
            return nil
        }
    }

    /// What was sent when the connection came back has failed.
    ///
    /// What speaks PostgreSQL's protocol need not know the setting. To find that out costs one connection, and no more than one.
    func noteFailedReset(_ error: LibpqError) {
        guard case .inForce(isAlone: true) = session.idleTimeout, error.code == .server,
            let server = error.server, !server.isFatal, error.statementIndex ?? 1 == 1
        else { return }
        upstream.refusesIdleSessionTimeout(server.sqlState ?? "no SQLSTATE")
    }
}
