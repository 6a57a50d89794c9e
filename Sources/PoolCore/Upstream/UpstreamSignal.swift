/// A message of the server, as far as detection and classification need it.
package struct UpstreamMessage: Sendable, Hashable {
    package var sqlState: String
    package var text: String
    package var detail: String?
    package var isFatal: Bool
    package var isNotice: Bool
    /// Whether the severity that is never translated was left out.
    ///
    /// PostgreSQL has sent it since 9.6; many poolers do not. `nil` when libpq did not keep the fields, as for the message of a
    /// refused connect.
    package var lacksSeverityField: Bool?

    package init(
        sqlState: String,
        text: String,
        detail: String? = nil,
        isFatal: Bool = false,
        isNotice: Bool = false,
        lacksSeverityField: Bool? = nil
    ) {
        self.sqlState = sqlState
        self.text = text
        self.detail = detail
        self.isFatal = isFatal
        self.isNotice = isNotice
        self.lacksSeverityField = lacksSeverityField
    }
}

/// What one message gives away of who wrote it.
package struct UpstreamSignal: Sendable, Hashable {
    package let kind: UpstreamKind
    package let mode: PoolingMode
    package let confidence: Double
    package let reason: String

    /// What was found out in another way than from a message.
    package init(_ kind: UpstreamKind, mode: PoolingMode = .unknown, confidence: Double = 0.97, reason: String) {
        self.kind = kind
        self.mode = mode
        self.confidence = confidence
        self.reason = reason
    }

    /// Reads a message.
    ///
    /// - Returns: `nil` when PostgreSQL itself could have written it.
    package init?(_ message: UpstreamMessage) {
        guard let signal = Self.byText(message) ?? Self.byFields(message) else { return nil }
        self = signal
    }

    private static func byText(_ message: UpstreamMessage) -> UpstreamSignal? {
        let text = message.text
        if text.hasPrefix("odyssey: c") || text == "waiting for free backend connection" {
            return UpstreamSignal(.odyssey, reason: "a message was worded as Odyssey's are")
        }
        if text.hasPrefix("(E"), let end = text.firstIndex(of: ")"),
            text[..<end].dropFirst().allSatisfy({ $0.isASCII && $0.isUppercase })
        {
            let mode: PoolingMode = text.contains("session mode") ? .session : .unknown
            return UpstreamSignal(.supavisor, mode: mode, reason: "a message had a code of Supavisor")
        }
        if text.contains("RDS Proxy") || text.contains("RDS proxy") {
            return UpstreamSignal(.rdsProxy, mode: .transaction, confidence: 0.99, reason: "a message named RDS Proxy")
        }
        if text.hasPrefix("PgDog ") { return UpstreamSignal(.pgdog, reason: "a message named PgDog") }
        if text.contains("neon.tech/") {
            return UpstreamSignal(.neon, mode: .transaction, reason: "a message named Neon")
        }
        if text == "No server connection available in postgres backend, client being queued" {
            return UpstreamSignal(.pgbouncer, reason: "a notice was PgBouncer's")
        }
        switch message.sqlState {
        case "08P01": return pgbouncer(text)
        case "58000":
            if text.hasPrefix("could not get connection from the pool") || text.hasPrefix("Pool down for database") {
                return UpstreamSignal(.pgcat, reason: "a message was PgCat's")
            }
            if text.hasPrefix("Failed to acquire a connection from the pool") {
                return UpstreamSignal(.unknownPooler, mode: .transaction, reason: "a message was Hyperdrive's")
            }
            if text == "checkout timeout" || text == "pool is banned" || text == "all replicas down" {
                return UpstreamSignal(.pgdog, reason: "a message was PgDog's")
            }
            return nil
        case "57P05" where text == "disconnecting idle client":
            return UpstreamSignal(.pgdog, reason: "a message was PgDog's")
        case "57000" where text == "unable to read data", "53300" where text.hasPrefix("Sorry, too many clients"),
            "XX000" where text.contains("pgpool requires"):
            return UpstreamSignal(.pgpool, mode: .session, reason: "a message was pgpool-II's")
        default: return nil
        }
    }

    /// PgBouncer gives all its own messages the code 08P01.
    private static func pgbouncer(_ text: String) -> UpstreamSignal? {
        if text.contains("transaction blocks not allowed in statement pooling mode") {
            return UpstreamSignal(.pgbouncer, mode: .statement, confidence: 0.99, reason: "PgBouncer pools statements")
        }
        let words = [
            "unsupported startup parameter", "no more connections allowed", "client connections exceeded (max_",
            "server login has been failing", "pooler is shutting down", "query_wait_timeout", "query_timeout",
            "client_idle_timeout", "client_login_timeout", "bouncer",
        ]
        guard words.contains(where: { text.contains($0) }) else { return nil }
        return UpstreamSignal(.pgbouncer, reason: "a message was PgBouncer's")
    }

    private static func byFields(_ message: UpstreamMessage) -> UpstreamSignal? {
        guard message.lacksSeverityField == true, !message.isNotice else { return nil }
        return UpstreamSignal(
            .unknownPooler,
            confidence: 0.95,
            reason: "an error lacked a field that PostgreSQL sends since 9.6"
        )
    }
}
