internal import Vernal

/// What to paste: settings of the functions, of a pooler, and of the server.
struct SizingSettings: Equatable, Encodable {
    /// The options behind the `?` of the URL.
    let url: String
    /// The same as variables.
    let environment: [String: String]
    /// What is to be set, too, until there is the pooler that is recommended.
    private(set) var untilThen: [String: String] = [:]
    /// Lines of `pgbouncer.ini`, if a pooler is to be put in between.
    let pgbouncer: [String]
    /// Statements for the server, each with its reason.
    let server: [Statement]

    struct Statement: Equatable, Encodable {
        let sql: String
        let reason: String
    }

    init(_ advice: SizingAdvice) {
        let question = advice.question
        var options = [("pool_size", "\(advice.size)"), ("max_overflow", "0")]
        var variables = ["VERNAL_POOL_SIZE": "\(advice.size)", "VERNAL_MAX_OVERFLOW": "0"]
        // One more waiter than there may be is refused at once.
        let waiters = question.concurrency - advice.size
        if waiters > 32 { variables["VERNAL_MAX_WAITERS"] = "\(waiters)" }
        if let pooler = question.pooler {
            if pooler.upstream == "pgbouncer" { options.append(("pgbouncer", "true")) }
            variables["VERNAL_UPSTREAM"] = pooler.upstream
        } else if case .recommended = advice.pooler {
            untilThen = Self.release
        } else if advice.scaleOut.outcome != .fits {
            variables.merge(Self.release) { $1 }
        }
        url = options.map { "\($0)=\($1)" }.joined(separator: "&")
        environment = variables
        if case .recommended(_, let poolSize, let clients) = advice.pooler {
            pgbouncer = [
                "pool_mode = transaction", "default_pool_size = \(poolSize)", "max_client_conn = \(clients)",
            ]
        } else {
            pgbouncer = []
        }
        server = Self.statements(question, hasPooler: question.pooler != nil || !pgbouncer.isEmpty)
    }

    /// Frozen instances do not sit on slots that running ones need.
    private static let release = ["VERNAL_RETENTION": "release"]

    private static func statements(_ question: SizingQuestion, hasPooler: Bool) -> [Statement] {
        let role = quoted(question.role ?? "your_role")
        var statements: [Statement] = []
        if question.roleLimit == nil, !question.isSuperuser, question.share > 0 {
            statements.append(
                Statement(
                    sql: "ALTER ROLE \(role) CONNECTION LIMIT \(question.share);",
                    reason: "what goes wrong in this service leaves the others their slots"
                )
            )
        }
        if question.idleInTransactionTimeout ?? 0 == 0 {
            statements.append(
                Statement(
                    sql: "ALTER ROLE \(role) SET idle_in_transaction_session_timeout = '1min';",
                    reason: "a frozen function does not hold its locks for ever"
                )
            )
        }
        // Behind a pooler it would end the pooler's connections.
        if !hasPooler, question.idleSessionTimeout ?? 0 == 0 {
            statements.append(
                Statement(
                    sql: "ALTER ROLE \(role) SET idle_session_timeout = '5min';",
                    reason:
                        "connections of frozen functions end; Vernal uses none that was idle for so long (PostgreSQL 14; "
                        + "VERNAL_IDLE_SESSION_TIMEOUT=5m does the same without it)"
                )
            )
        }
        return statements
    }

    static func quoted(_ name: String) -> String { ("\(identifier: name)" as SQLQuery).text }
}
