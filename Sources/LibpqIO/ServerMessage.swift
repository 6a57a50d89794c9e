internal import CLibpq

/// An error or notice as the server (or a pooler in front of it) sent it.
package struct ServerMessage: Sendable, Hashable {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING`, `NOTICE`, …, never translated where the server tells.
    package var severity: String?
    /// The five characters of the SQLSTATE.
    package var sqlState: String?
    /// The primary message.
    package var message: String
    package var detail: String?
    package var hint: String?
    /// In the midst of what it happened, such as the line of a copy.
    package var context: String?
    /// Where in the statement the error is: in characters, from 1.
    package var position: Int?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var dataType: String?
    package var constraint: String?
    /// Whether the severity that is never translated was left out, as poolers do; `nil` when that cannot be seen, as in the text of
    /// a refused connect.
    package var lacksSeverityField: Bool?

    package init(severity: String? = nil, sqlState: String? = nil, message: String) {
        self.severity = severity
        self.sqlState = sqlState
        self.message = message
    }

    /// Whether the sender closes the connection after this message, as far as the severity tells.
    package var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }
}

extension PGResultHandle {
    /// The message that a failed result carries; `nil` when libpq itself made it up, because the connection is lost.
    var serverMessage: ServerMessage? {
        Self.serverMessage { errorField($0) }
    }

    /// The message of a notice, whose result belongs to libpq.
    static func serverMessage(ofNotice result: OpaquePointer?) -> ServerMessage? {
        serverMessage { unsafe errorField($0, of: result) }
    }

    private static func serverMessage(_ field: (DiagnosticField) -> String?) -> ServerMessage? {
        guard let sqlState = field(.sqlState), let message = field(.message) else { return nil }
        // Poolers leave out the severity that is never translated; theirs is always in English.
        var result = ServerMessage(
            severity: field(.severity) ?? field(.localizedSeverity),
            sqlState: sqlState,
            message: message
        )
        result.lacksSeverityField = field(.severity) == nil
        result.detail = field(.detail)
        result.hint = field(.hint)
        result.context = field(.context)
        result.position = field(.position).flatMap { Int($0) }
        result.schema = field(.schema)
        result.table = field(.table)
        result.column = field(.column)
        result.dataType = field(.dataType)
        result.constraint = field(.constraint)
        return result
    }
}

extension ServerMessage {
    /// Reads the message out of what `PQerrorMessage` says of a refused connect at verbosity `PQERRORS_VERBOSE`.
    ///
    /// libpq keeps no result for a refused connect. At that verbosity its text reads
    /// `connection to server at … failed: FATAL:  28P01: password authentication failed …`, followed by lines that begin with
    /// `DETAIL:`, `HINT:` or `LOCATION:`. The severity may be translated, the five characters behind it never are.
    static func parse(connectError text: String) -> ServerMessage? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        for (index, line) in lines.enumerated() {
            guard let found = severityAndState(in: line) else { continue }
            var message = ServerMessage(
                severity: String(found.severity),
                sqlState: String(found.state),
                message: String(found.rest)
            )
            for extra in lines[(index + 1)...] {
                if let detail = extra.afterPrefix("DETAIL:") { message.detail = detail }
                if let hint = extra.afterPrefix("HINT:") { message.hint = hint }
            }
            return message
        }
        return nil
    }

    private static func severityAndState(
        in line: Substring
    ) -> (severity: Substring, state: Substring, rest: Substring)? {
        var search = line[...]
        while let colon = search.firstIndex(of: ":") {
            let after = search[search.index(after: colon)...]
            search = after
            let parts = after.dropFirst(2)
            guard after.hasPrefix("  "), parts.dropFirst(5).hasPrefix(": ") else { continue }
            let state = parts.prefix(5)
            guard state.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                state.utf8.contains(where: { (48...57).contains($0) })
            else { continue }
            let before = line[..<colon]
            let severity = before.lastIndex(of: " ").map { before[before.index(after: $0)...] } ?? before
            return (severity, state, parts.dropFirst(7))
        }
        return nil
    }
}

extension Substring {
    fileprivate func afterPrefix(_ prefix: String) -> String? {
        guard hasPrefix(prefix) else { return nil }
        return String(dropFirst(prefix.count).drop { $0 == " " })
    }
}
