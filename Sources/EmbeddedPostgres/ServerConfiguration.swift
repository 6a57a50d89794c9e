/// The text of the two configuration files of a cluster, computed from the options.
struct ServerConfiguration: Sendable, Equatable {
    /// Lines to append to `postgresql.conf`; paths are left to the supervisor, which makes the folder.
    let settings: String
    /// The whole of `pg_hba.conf`.
    let accessRules: String

    /// - Throws: ``EmbeddedPostgresError`` when a name or a value would break the file.
    init(_ options: EmbeddedPostgresOptions) throws(EmbeddedPostgresError) {
        guard (1...10_000).contains(options.maxConnections) else {
            throw EmbeddedPostgresError(
                .invalidOption,
                "max connections must be between 1 and 10000, not \(options.maxConnections)"
            )
        }
        var lines = Self.throwAway.map { "\($0) = \($1)" }
        lines.append("max_connections = \(options.maxConnections)")
        // The server refuses to start when the slots kept for superusers leave none for anyone else.
        if options.maxConnections <= 3 { lines.append("superuser_reserved_connections = 0") }
        for (name, value) in options.settings.sorted(by: { $0.key < $1.key }) {
            lines.append("\(try Self.checkedName(name)) = \(try Self.quoted(value, of: name))")
        }
        settings = Self.text(lines)

        var rules = options.hbaLines
        rules.append("local all all \(options.trustLocalSocket ? "trust" : "scram-sha-256")")
        rules.append("host all all 127.0.0.1/32 scram-sha-256")
        rules.append("host all all ::1/128 scram-sha-256")
        accessRules = Self.text(rules)
    }

    /// Nothing is flushed to disk, because the data need not survive the machine.
    ///
    /// It does survive a crash of the server: `synchronous_commit` stays on, which without flushing costs next to nothing.
    private static let throwAway: KeyValuePairs = [
        "listen_addresses": "'127.0.0.1'",
        "password_encryption": "'scram-sha-256'",
        "fsync": "off",
        "full_page_writes": "off",
        // Parallel queries put their segments below the data folder instead of in /dev/shm,
        // so that even a server that was killed leaves nothing outside its folder.
        "dynamic_shared_memory_type": "mmap",
        "log_destination": "'stderr'",
        "logging_collector": "off",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
    ]

    private static func checkedName(_ name: String) throws(EmbeddedPostgresError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPlain, let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            throw EmbeddedPostgresError(.invalidOption, "'\(name)' is not the name of a server setting")
        }
        return name
    }

    private static func quoted(_ value: String, of name: String) throws(EmbeddedPostgresError) -> String {
        var quoted = "'"
        for scalar in value.unicodeScalars {
            switch scalar {
            case "'": quoted += "''"
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                throw EmbeddedPostgresError(.invalidOption, "the value of '\(name)' contains a control character")
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "'"
    }

    private static func text(_ lines: [String]) -> String {
        lines.map { $0 + "\n" }.joined()
    }
}
