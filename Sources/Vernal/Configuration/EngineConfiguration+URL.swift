internal import LibpqIO

extension EngineConfiguration {
    /// Reads a connection string: `postgres://user:password@host:port/database?option=value`, or libpq's
    /// `keyword=value` pairs.
    ///
    /// The options of a URL may be libpq's (`sslmode`, `sslrootcert`, `application_name`, `target_session_attrs`, …) and, so
    /// that a URL can be carried over from other stacks, `pool_size`, `max_overflow`, `pool_timeout`, `pool_recycle`,
    /// `pool_pre_ping`, `connection_limit` and `pgbouncer`.
    ///
    /// - Throws: `VernalError` with the code `configuration`; it never shows a part of the URL that could be a secret.
    public init(url: String) throws(VernalError) {
        self.init()
        var text = url.trimming
        guard !text.isEmpty else { throw VernalError(.configuration, "the connection string is empty") }
        if let rest = Self.afterScheme(text) {
            let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            text = "postgresql://\(parts[0])"
            if parts.count == 2 {
                let foreign = try takeOwnOptions(from: parts[1])
                if !foreign.isEmpty { text += "?" + foreign.joined(separator: "&") }
            }
        } else if text.contains("://") {
            throw VernalError(.configuration, "the connection string is a URL, but does not begin with postgres://")
        }
        do throws(LibpqError) {
            settings = try ConnectionSettings(parsing: text)
        } catch {
            throw VernalError(.configuration, "the connection string is not usable: \(error.message)")
        }
        try takeConnectTimeout()
    }

    /// What stands behind `postgres://` or `postgresql://`, also with the name of a driver in the scheme, as SQLAlchemy
    /// writes it (`postgresql+psycopg://`).
    private static func afterScheme(_ text: String) -> Substring? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        let scheme = text[..<colon].split(separator: "+", maxSplits: 1)
        guard let name = scheme.first, name == "postgres" || name == "postgresql" else { return nil }
        return text[colon...].dropFirst(3)
    }

    /// Takes the options out of a URL that libpq does not know.
    ///
    /// - Returns: the options for libpq.
    private mutating func takeOwnOptions(from query: Substring) throws(VernalError) -> [String] {
        var foreign: [String] = []
        for option in query.split(separator: "&") {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // No name or value that is meant for us needs percent-encoding, so what has some is left to libpq.
            let name = String(parts[0])
            let value = parts.count == 2 ? String(parts[1]) : ""
            let setting = SettingValue(name: name, text: value)
            switch name {
            case "pool_size", "connection_limit": poolSize = try setting.integer()
            case "max_overflow": maxOverflow = try setting.integer()
            case "pool_timeout": acquireTimeout = try setting.duration()
            case "pool_recycle":
                // SQLAlchemy's -1 is "never": the longest that a connection can live here.
                maxLifetime = value == "-1" ? .seconds(365 * 86_400) : try setting.duration()
            case "pool_pre_ping":
                if try setting.boolean() {
                    pingBypass = .zero
                    pingIdleAge = .zero
                }
            case "pgbouncer": upstream = try setting.boolean() ? .pgbouncer : nil
            default: foreign.append(String(option))
            }
        }
        return foreign
    }

    /// libpq's `connect_timeout` only works for connects that block, so it is taken over here: whole seconds, 0 is for ever.
    private mutating func takeConnectTimeout() throws(VernalError) {
        guard let text = settings["connect_timeout"] else { return }
        settings["connect_timeout"] = nil
        let seconds = try SettingValue(name: "connect_timeout", text: text).integer()
        connectTimeout = seconds <= 0 ? .seconds(365 * 86_400) : .seconds(seconds)
    }
}

extension String {
    /// The text without white space around it: a URL from a file often ends with a newline.
    var trimming: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
