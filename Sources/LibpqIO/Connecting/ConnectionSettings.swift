internal import CLibpq

/// Connection settings by libpq's keywords: what the user gave, and nothing else.
package struct ConnectionSettings: Sendable, Hashable {
    struct Option: Sendable, Hashable {
        let keyword: String
        var value: String
    }

    /// By their keywords, in an order that does not vary; never with an empty value.
    ///
    /// A few, so that it need not be a dictionary, and the first of those that a process makes costs it more than an acquire.
    /// Holds secrets: never print it.
    private(set) var options: [Option] = []

    package init() {}

    package init(_ values: [String: String]) {
        for (keyword, value) in values { self[keyword] = value }
    }

    /// Reads a connection string: a URI, or `keyword=value` pairs.
    ///
    /// The corresponding libpq function is `PQconninfoParse`.
    ///
    /// - Throws: `invalidSettings`, with libpq's reason but without any part of the string that could be a secret.
    package init(parsing text: String) throws(LibpqError) {
        if text.utf8.contains(0) {
            throw LibpqError(.invalidSettings, "the connection string contains a NUL character")
        }
        let (settings, reason) = unsafe text.withCString { text in
            var reason: UnsafeMutablePointer<CChar>?
            let list = unsafe PQconninfoParse(text, &reason)
            let message = unsafe reason.map { unsafe String(cString: $0) }
            unsafe PQfreemem(reason)
            return unsafe (list == nil ? nil : ConnectionSettings(consuming: list), message)
        }
        guard let settings else {
            throw LibpqError(.invalidSettings, Self.withoutSecrets(reason ?? "the connection string cannot be read"))
        }
        self = settings
    }

    /// Copies libpq's list of options and frees it.
    init(consuming list: UnsafeMutablePointer<PQconninfoOption>?) {
        options.reserveCapacity(16)
        unsafe forEachOption(consuming: list) { keyword, value in
            // Most of the list: what was not given.
            guard let value = unsafe value, unsafe value.pointee != 0 else { return }
            unsafe self[String(cString: keyword)] = unsafe String(cString: value)
        }
    }

    /// The `application_name` that a connect asks for, unless the environment or a service file names another one.
    package var applicationName: String { self["application_name"] ?? fallbackApplicationName }

    /// What a connection is called if nobody says.
    var fallbackApplicationName: String { self["fallback_application_name"] ?? "vernal" }

    package subscript(keyword: String) -> String? {
        get { options.first { $0.keyword == keyword }?.value }
        set {
            let value = newValue?.isEmpty == true ? nil : newValue
            let index = options.firstIndex { $0.keyword >= keyword } ?? options.endIndex
            let isThere = index < options.endIndex && options[index].keyword == keyword
            switch (value, isThere) {
            case (let value?, true): options[index].value = value
            case (let value?, false): options.insert(Option(keyword: keyword, value: value), at: index)
            case (nil, true): options.remove(at: index)
            case (nil, false): break
            }
        }
    }

    /// What was given, in order.
    package var keywords: [String] { options.map(\.keyword) }

    /// Whether libpq knows a keyword.
    package static func isKnown(_ keyword: String) -> Bool {
        knownKeywords.contains(keyword)
    }

    // An array, because a process asks about the few that its URL has, once. Of an empty string, because PQconndefaults would look the
    // user up in the system's files, too.
    private static let knownKeywords: [String] = {
        var keywords: [String] = []
        unsafe forEachOption(consuming: PQconninfoParse("", nil)) { keyword, _ in
            unsafe keywords.append(String(cString: keyword))
        }
        return keywords
    }()

    /// Takes out of libpq's message what it quotes of the connection string, unless that is the name of an option.
    static func withoutSecrets(_ message: String) -> String {
        let message = String(message.drop(while: \.isWhitespace).prefix { $0 != "\n" })
        let quotesAnOption = ["invalid URI query parameter:", "invalid connection option"].contains {
            message.hasPrefix($0)
        }
        let option = message.drop { $0 != "\"" }.dropFirst().dropLast()
        // A URL with a mistyped scheme is read as pairs, and all of it up to the first "=" as a name.
        let isName = !option.isEmpty && option.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        if quotesAnOption, isName { return message }
        // What these quote is the name of a service or of a file.
        if message.hasPrefix("definition of service ") || message.hasPrefix("service file ") { return message }
        // The quotes that belong to libpq's own words help and give nothing away. From the first other quote on nothing can be
        // told apart, because what is quoted may have quotes in it.
        let ownWords = ["\"=\" after ", "\"=\" in URI ", "\"]\" in IPv6 "]
        var shown = ""
        var rest = message[...]
        while let quote = rest.firstIndex(of: "\"") {
            shown += rest[..<quote]
            rest = rest[quote...]
            guard let words = ownWords.first(where: { rest.hasPrefix($0) }) else { return shown + "\"…\"" }
            shown += words
            rest = rest.dropFirst(words.count)
        }
        return shown + rest
    }

    /// The settings as libpq itself will see them: with the environment, the service file and its defaults filled in.
    ///
    /// libpq fills them in when a connect is started and offers no function for that alone. So a connect is started that
    /// libpq refuses before it does anything, because one value is impossible, and is asked what it was going to
    /// use. The impossible value hides what the environment says of that one keyword, which a second try with another
    /// impossible value brings back. Neither touches the network.
    package func completed() throws(LibpqError) -> ConnectionSettings {
        var completed = try Self.filledIn(by: self, hiding: "channel_binding")
        if self["channel_binding"] == nil {
            completed["channel_binding"] = try Self.filledIn(by: self, hiding: "sslmode")["channel_binding"]
        } else {
            completed["channel_binding"] = self["channel_binding"]
        }
        return completed
    }

    /// The settings that say where the server is, with what the environment says of them.
    ///
    /// Only the file of a service can say more than that.
    ///
    /// Source: PostgreSQL, "libpq: Environment Variables".
    func placed() throws(LibpqError) -> ConnectionSettings {
        guard self["service"] == nil, EnvironmentVariables.value(of: "PGSERVICE") == nil else { return try completed() }
        var placed = self
        for (keyword, variable) in Self.placeVariables where self[keyword] == nil {
            placed[keyword] = EnvironmentVariables.value(of: variable)
        }
        return placed
    }

    private static let placeVariables = [
        ("host", "PGHOST"), ("hostaddr", "PGHOSTADDR"), ("port", "PGPORT"),
        ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ]

    private static func filledIn(
        by settings: ConnectionSettings,
        hiding keyword: String
    ) throws(LibpqError) -> ConnectionSettings {
        var probe = settings
        probe[keyword] = "impossible"
        guard let handle = PGConnHandle(connectStart: probe.options) else {
            throw LibpqError(.connectFailed, "out of memory")
        }
        let found = handle.conninfo
        let reason = handle.errorMessage
        guard reason.contains("impossible") else {
            // Refused for another reason before it came to ours: a service that does not exist, a wrong number of ports.
            throw LibpqError(.invalidSettings, withoutSecrets(reason))
        }
        return found
    }
}
