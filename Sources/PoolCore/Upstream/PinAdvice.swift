/// What to tell those who wrote a statement that does not go together with the upstream.
package enum PinAdvice {
    /// What a statement does, in a few words.
    package static func name(of trait: StatementTraits) -> String? { table[trait]?.name }

    /// The safe way to write it.
    package static func advice(for trait: StatementTraits) -> String? { table[trait]?.advice }

    /// One sentence: what is done, what comes of it, and what to write instead.
    package static func sentence(_ trait: StatementTraits, _ harm: SessionHarm) -> String {
        let (name, advice) = table[trait] ?? ("this statement changes its session", "write it in another way")
        let consequence =
            switch harm {
            case .pins: "pins the proxy: the client has a server connection of its own from now on"
            case .breaks: "does not work behind this pooler: the next statement may run on another server connection"
            case .leaks: "leaks: another client may get the server connection as this one left it"
            }
        return "\(name) \(consequence); \(advice)"
    }

    private static let table: [StatementTraits: (name: String, advice: String)] = [
        .sessionSetting: (
            "SET of the session",
            "use SET LOCAL or set_config(…, …, true) in a transaction, or ALTER ROLE … SET"
        ),
        .reportedSetting: (
            "SET of a reported setting",
            "use SET LOCAL in a transaction, or ALTER ROLE … SET; application_name belongs into the connection string"
        ),
        .localSetting: ("SET LOCAL", "there are no transactions here: use ALTER ROLE … SET"),
        .sqlPrepare: ("PREPARE, EXECUTE or DEALLOCATE", "bind parameters instead: the protocol does the rest"),
        .listen: ("LISTEN", "listen over a direct connection; NOTIFY works everywhere"),
        .sessionAdvisoryLock: (
            "an advisory lock of the session",
            "use pg_advisory_xact_lock or pg_try_advisory_xact_lock in a transaction"
        ),
        .temporaryObject: (
            "a temporary object",
            "use a common table expression or an array parameter, or ON COMMIT DROP in a transaction where there is no RDS Proxy"
        ),
        .temporaryObjectOfTransaction: (
            "a temporary table",
            "use it within one transaction; on RDS Proxy a common table expression or an array parameter instead"
        ),
        .cursor: ("DECLARE CURSOR", "stream the rows of a query, or page by a key"),
        .holdCursor: ("a cursor WITH HOLD", "page by a key: WHERE id > … ORDER BY id LIMIT …"),
        .sequence: ("nextval or setval", "let the column draw the number and read it with INSERT … RETURNING"),
        .sequenceMemory: ("currval or lastval", "read the number with INSERT … RETURNING"),
        .discard: ("DISCARD", "leave it out: the pooler cleans up after its clients"),
        .load: ("LOAD", "use shared_preload_libraries or session_preload_libraries of the server"),
        .tableLock: ("LOCK TABLE", "there are no transactions here"),
        .transactionControl: ("BEGIN, COMMIT or SAVEPOINT", "there are no transactions here: write one statement"),
        .endsBackends: (
            "pg_terminate_backend",
            "the process behind a pooler serves others, too: do it over a direct connection"
        ),
        .oversized: ("a text of more than 16 KiB", "move the data into parameters, such as an array"),
    ]
}
