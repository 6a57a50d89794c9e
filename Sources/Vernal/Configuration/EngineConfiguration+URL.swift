internal import LibpqIO

extension EngineConfiguration {
    /// Reads a connection string: `postgres://user:password@host:port/database?option=value`, or libpq's
    /// `keyword=value` pairs.
    ///
    /// The options of a URL may be libpq's (`sslmode`, `sslrootcert`, `application_name`, `target_session_attrs`, …) and, so
    /// that a URL can be carried over from other stacks, `pool_size`, `max_overflow`, `pool_timeout`, `pool_recycle`,
    /// `pool_pre_ping`, `connection_limit`, `pgbouncer`, `supa`, `statement_cache_size`, `prepareThreshold` and
    /// `prepared_statements`.
    ///
    /// - Throws: `VernalError` with the code `configuration`; it never shows a part of the URL that could be a secret.
    public init(url: String) throws(VernalError) {
        try self.init(url: url, poolSize: 1)
    }

    /// - Parameters:
    ///   - url: the connection string.
    ///   - poolSize: the size of the pool, if the URL does not say.
    /// - Throws: as `init(url:)`.
    init(url: String, poolSize: Int) throws(VernalError) {
        self.init()
        self.poolSize = poolSize
        var text = url.trimming
        guard !text.isEmpty else { throw VernalError(.configuration, "the connection string is empty") }
        if let rest = Self.afterScheme(text) {
            let (credentials, address, options) = Self.parts(of: rest)
            try Self.checkAddress(address)
            text = "postgresql://\(credentials)\(address)"
            if let options {
                let foreign = try takeOwnOptions(from: options)
                if !foreign.isEmpty { text += "?" + foreign.joined(separator: "&") }
            }
        } else if text.contains("://") {
            throw VernalError(.configuration, "the connection string is a URL, but does not begin with postgres://")
        }
        do throws(LibpqError) {
            settings = try ConnectionSettings(parsing: text)
        } catch {
            let reason = error.message + Self.hint(error)
            throw VernalError(.configuration, "the connection string is not usable: \(reason)")
        }
        try takeConnectTimeout()
    }

    /// What to say of an option that libpq does not know: most likely it is that of another stack.
    private static func hint(_ error: LibpqError) -> String {
        guard error.message.hasPrefix("invalid URI query parameter:") else { return "" }
        return "; an option is one of libpq's, or pool_size, max_overflow, pool_timeout, pool_recycle, pool_pre_ping, "
            + "connection_limit, pgbouncer, supa, statement_cache_size, prepareThreshold or prepared_statements"
    }

    // By bytes, as libpq goes: to Swift a separator with a mark on it would be another character.

    /// What stands behind `postgres://` or `postgresql://`, also with the name of a driver in the scheme, as SQLAlchemy
    /// writes it (`postgresql+psycopg://`).
    private static func afterScheme(_ text: String) -> Substring? {
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            return nil
        }
        let name = bytes[..<colon].prefix { $0 != UInt8(ascii: "+") }
        guard name.elementsEqual("postgres".utf8) || name.elementsEqual("postgresql".utf8) else { return nil }
        return text[bytes.index(colon, offsetBy: 3)...]
    }

    /// Takes a URL apart as libpq does: the first `@` before the first `/` ends user name and password, which may have a `?`
    /// in them; the first `?` behind that begins the options.
    private static func parts(of rest: Substring) -> (credentials: Substring, address: Substring, options: Substring?) {
        let bytes = rest.utf8
        var start = rest.startIndex
        let end = bytes.firstIndex { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }
        if let end, bytes[end] == UInt8(ascii: "@") { start = bytes.index(after: end) }
        guard let mark = bytes[start...].firstIndex(of: UInt8(ascii: "?")) else {
            return (rest[..<start], rest[start...], nil)
        }
        return (rest[..<start], rest[start..<mark], rest[bytes.index(after: mark)...])
    }

    /// Refuses what libpq would take for hosts, ports or a database, and is most likely a part of a password with a
    /// character that has to be percent-encoded: later errors would show it.
    private static func checkAddress(_ address: Substring) throws(VernalError) {
        enum Place { case start, brackets, host, port }
        var place = Place.start
        var isOdd = address.utf8.contains(UInt8(ascii: "@"))
        for byte in address.utf8.prefix(while: { $0 != UInt8(ascii: "/") }) {
            switch (place, byte) {
            case (_, UInt8(ascii: ",")): place = .start
            // The colons within the brackets of an IPv6 address are none before a port.
            case (.start, UInt8(ascii: "[")): place = .brackets
            case (.brackets, UInt8(ascii: "]")): place = .host
            case (.start, UInt8(ascii: ":")), (.host, UInt8(ascii: ":")): place = .port
            case (.start, _): place = .host
            case (.port, UInt8(ascii: "0")...UInt8(ascii: "9")): break
            case (.port, _): isOdd = true
            case (.brackets, _), (.host, _): break
            }
        }
        guard !isOdd else {
            throw VernalError(
                .configuration,
                "the connection string is not usable: what stands in the place of host, port and database makes no sense; "
                    + "in a user name or password write @ as %40, / as %2F, : as %3A, % as %25"
            )
        }
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
            case "pgbouncer":
                upstream = try setting.boolean() ? .pgbouncer : nil
                upstreamSource = "pgbouncer=\(value) in the URL"
            case "supa":
                // Supabase's own mark, such as "base-pooler.x" in the URLs of its poolers.
                if value.contains("pooler") { upstream = .supavisor }
                upstreamSource = "supa=… in the URL"
            // asyncpg's, pgjdbc's and ActiveRecord's words for it.
            case "statement_cache_size": statementCacheSize = try setting.integer()
            case "prepareThreshold": if try setting.integer() == 0 { statementCacheSize = 0 }
            case "prepared_statements": if try !setting.boolean() { statementCacheSize = 0 }
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
