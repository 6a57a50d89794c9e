internal import LibpqIO

extension EngineConfiguration {
    /// Reads the configuration from environment variables.
    ///
    /// `DATABASE_URL` says where the database is; without it libpq's `PG*` variables do. `VERNAL_*` variables set the
    /// numbers and win over the options of the URL. For a named engine each variable is looked for with the name behind
    /// it first (`DATABASE_URL_REPORTS`, `VERNAL_POOL_SIZE_REPORTS`).
    ///
    /// - Parameters:
    ///   - name: The name of the engine; `nil` for the one without a name.
    ///   - environment: The variables; `nil` takes those of the process.
    /// - Throws: `VernalError` with the code `configuration`, which names the variable that is wrong.
    public init(
        environmentFor name: String? = nil,
        environment: [String: String]? = nil
    ) throws(VernalError) {
        let variables = Variables(
            suffix: name.map(Self.suffix),
            values: environment
        )
        var announced = 1
        if let value = variables["AWS_LAMBDA_MAX_CONCURRENCY"], let count = Int(value.text) {
            announced = max(1, min(count, Self.announcedConcurrencyCap))
        }
        if let url = variables["DATABASE_URL"] {
            do throws(VernalError) {
                try self.init(url: url.text, poolSize: announced)
            } catch {
                throw VernalError(.configuration, "\(url.name): \(error.message)")
            }
        } else if let name {
            throw VernalError(
                .configuration,
                "there is no DATABASE_URL\(Self.suffix(name)) for the engine \"\(name)\""
            )
        } else {
            self.init()
            poolSize = announced
        }
        // A function that handles one invocation at a time is frozen in between.
        if variables["AWS_LAMBDA_RUNTIME_API"] != nil, announced == 1 { forgottenLeases = .cut }
        try read(variables)
    }

    /// The most connections that a process opens because its platform announced that many invocations at a time.
    private static let announcedConcurrencyCap = 10

    private mutating func read(_ variables: Variables) throws(VernalError) {
        if let value = variables["VERNAL_POOL_SIZE"] { poolSize = try value.integer() }
        if let value = variables["VERNAL_MAX_OVERFLOW"] { maxOverflow = try value.integer() }
        if let value = variables["VERNAL_MIN_CONNECTIONS"] { minConnections = try value.integer() }
        if let value = variables["VERNAL_MAX_WAITERS"] { maxWaiters = try value.integer() }
        if let value = variables["VERNAL_STATEMENT_CACHE_SIZE"] { statementCacheSize = try value.integer() }
        if let value = variables["VERNAL_ACQUIRE_TIMEOUT"] { acquireTimeout = try value.duration() }
        if let value = variables["VERNAL_CONNECT_TIMEOUT"] { connectTimeout = try value.duration() }
        if let value = variables["VERNAL_IDLE_TIMEOUT"] { idleTimeout = try value.duration() }
        if let value = variables["VERNAL_IDLE_SESSION_TIMEOUT"] { idleSessionTimeout = try value.duration() }
        if let value = variables["VERNAL_MAX_LIFETIME"] { maxLifetime = try value.duration() }
        if let value = variables["VERNAL_CONNECT_BURST"] { connectBurst = try value.integer() }
        if let value = variables["VERNAL_CONNECT_RATE"] { connectRate = try value.number() }
        if let value = variables["VERNAL_CONNECT_CONCURRENCY"] { connectConcurrency = try value.integer() }
        if let value = variables["VERNAL_FIRST_CONNECT_WINDOW"] { firstConnectWindow = try value.duration() }
        if let value = variables["VERNAL_FLEET_SIZE"] { fleetSize = try value.integer() }
        if let value = variables["VERNAL_SERVER_CONNECT_RATE"] { serverConnectRate = try value.number() }
        if let value = variables["VERNAL_ACQUIRE_RETRY"] {
            acquireRetry = try value.choice([("patient", .patient), ("robust", .robust), ("never", .never)])
        }
        if let value = variables["VERNAL_MAX_TRANSACTION_DURATION"] { maxTransactionDuration = try value.duration() }
        if let value = variables["VERNAL_LEAK_THRESHOLD"] { leakThreshold = try value.duration() }
        if let value = variables["VERNAL_FORGOTTEN_LEASES"] {
            forgottenLeases = try value.choice(ForgottenLeases.allCases.map { ($0.rawValue, $0) })
        }
        if let value = variables["VERNAL_RETENTION"] {
            retention = try value.choice(Retention.allCases.map { ($0.rawValue, $0) })
        }
        if let value = variables["VERNAL_UPSTREAM"] {
            let detected: [(word: String, value: Upstream?)] = [("auto", nil)]
            upstream = try value.choice(detected + Upstream.names.map { ($0.word, $0.value) })
            upstreamSource = value.name
        }
    }

    /// `reports` → `_REPORTS`; what cannot stand in the name of a variable becomes an underscore.
    private static func suffix(_ name: String) -> String {
        "_" + String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private struct Variables {
        let suffix: String?
        /// `nil`: those of the process, of which a few are asked for and the others not even read.
        let values: [String: String]?

        /// The variable of the named engine, or the one for all engines.
        ///
        /// A URL is never for all.
        subscript(name: String) -> SettingValue? {
            guard let suffix else { return value(of: name) }
            return value(of: name + suffix) ?? (name == "DATABASE_URL" ? nil : value(of: name))
        }

        private func value(of name: String) -> SettingValue? {
            let value = if let values { values[name] } else { EnvironmentVariables.value(of: name) }
            guard let text = value?.trimming, !text.isEmpty else { return nil }
            return SettingValue(name: name, text: text)
        }
    }
}
