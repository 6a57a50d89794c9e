/// How a session is cleaned between two callers.
///
/// A transaction that was left open is rolled back in any case. The clean-up is sent when the connection comes back, and its answer
/// is read before the next use: nobody waits for it.
public struct ResetPolicy: Sendable, Hashable {
    enum Rule: Sendable, Hashable { case automatic, rollbackOnly, discardAll, custom(String) }

    let rule: Rule

    /// `DISCARD ALL` when a statement was run that may have changed the session: `SET`, `LISTEN`, `DECLARE`, `PREPARE`,
    /// `CREATE TEMP`, advisory locks, `set_config`, `DO`, `CALL` and their kin.
    ///
    /// What a function of one's own changes behind a plain `SELECT` is not seen; for that there is `discardAll`.
    public static let automatic = ResetPolicy(rule: .automatic)
    /// Nothing beyond the rollback.
    public static let rollbackOnly = ResetPolicy(rule: .rollbackOnly)
    /// `DISCARD ALL` each time.
    public static let discardAll = ResetPolicy(rule: .discardAll)
    /// One's own statements each time, separated by semicolons.
    public static func custom(_ statements: String) -> ResetPolicy { ResetPolicy(rule: .custom(statements)) }
}
