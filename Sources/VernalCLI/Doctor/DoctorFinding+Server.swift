import Vernal

/// What there is to say of the server, of its limits and of what is in between.
extension DoctorFacts {
    var slotFindings: [DoctorFinding] {
        guard let server else { return [] }
        var findings: [DoctorFinding] = []
        func look(_ used: Int, _ limit: Int, _ whose: String) {
            guard used * 5 > limit * 4 else { return }
            findings.append(
                DoctorFinding(
                    .advice,
                    "\(used) of \(limit) connections \(whose) are in use",
                    change: "see 'vernal advise': smaller pools, fewer instances, or a pooler in between"
                )
            )
        }
        look(server.used, server.maxConnections - server.reserved, "of the server")
        if let limit = server.roleLimit { look(server.roleUsed, limit, "of the role \(server.role)") }
        if let limit = server.databaseLimit { look(server.databaseUsed, limit, "of the database \(server.database)") }
        let most = [server.maxConnections - server.reserved, server.roleLimit, server.databaseLimit].compactMap(\.self)
            .min()
        if isDirect, let most, pool.poolSize + pool.maxOverflow > most {
            findings.append(
                DoctorFinding(
                    .problem,
                    "the pool may open \(pool.poolSize + pool.maxOverflow) connections, and the server gives at most \(most)",
                    change: "set a smaller pool_size (VERNAL_POOL_SIZE)"
                )
            )
        }
        return findings
    }

    private var isDirect: Bool { ["direct", "unknown"].contains(inspection?.status.kind ?? "unknown") }

    var serverFindings: [DoctorFinding] {
        guard let server else { return [] }
        var findings: [DoctorFinding] = []
        let role = SizingSettings.quoted(server.role)
        if server.isSuperuser {
            findings.append(
                DoctorFinding(
                    .advice,
                    "the role \(server.role) is a superuser, who takes the slots that are kept for administrators",
                    change: "CREATE ROLE for the function, with only the rights it needs"
                )
            )
        }
        if server.idleInTransactionTimeout == 0 {
            findings.append(
                DoctorFinding(
                    .advice,
                    "idle_in_transaction_session_timeout is off: a function that is frozen in a transaction holds its locks",
                    change: "ALTER ROLE \(role) SET idle_in_transaction_session_timeout = '1min';"
                )
            )
        }
        guard isDirect, let timeout = server.idleSessionTimeout else { return findings }
        // The engine tells the server itself, and its pool knows of it.
        guard pool.idleSessionTimeout == nil else { return findings }
        if timeout == 0 {
            findings.append(
                DoctorFinding(
                    .advice,
                    "idle_session_timeout is off: a frozen or killed function keeps its slot",
                    change: "set VERNAL_IDLE_SESSION_TIMEOUT=5m, "
                        + "or ALTER ROLE \(role) SET idle_session_timeout = '5min';"
                )
            )
        } else if Duration.milliseconds(timeout) < pool.idleTimeout {
            findings.append(
                DoctorFinding(
                    .advice,
                    "the server ends sessions that are idle for \(timeout) ms, and the pool keeps them for \(pool.idleTimeout)",
                    change: "set VERNAL_IDLE_TIMEOUT to less, or idle_session_timeout to more"
                )
            )
        }
        return findings
    }

    var upstreamFindings: [DoctorFinding] {
        guard let inspection else { return [] }
        var findings: [DoctorFinding] = []
        if let contradiction = inspection.status.contradiction {
            findings.append(DoctorFinding(.problem, contradiction, change: "correct or remove VERNAL_UPSTREAM"))
        }
        for keyword in inspection.refusedParameters {
            findings.append(
                DoctorFinding(
                    .advice,
                    "\(inspection.status.kind) refuses the parameter \(keyword), so it is connected to twice",
                    change: "leave \(keyword) out of the connection string"
                )
            )
        }
        if let limit = inspection.pooler?.clientLimit, pool.poolSize + pool.maxOverflow > limit {
            findings.append(
                DoctorFinding(
                    .problem,
                    "the pool may open more connections than the pooler takes (\(limit))",
                    change: "set a smaller pool_size (VERNAL_POOL_SIZE)"
                )
            )
        }
        return findings + poolerFindings(inspection)
    }

    /// What a pooler of transactions or statements shares, and what the pool makes of it.
    private func poolerFindings(_ inspection: UpstreamInspection) -> [DoctorFinding] {
        guard let pooler = inspection.pooler else { return [] }
        var findings: [DoctorFinding] = []
        let isShared = ["transaction", "statement", "unknown"].contains(inspection.status.mode)
        if let size = pooler.poolSize, isShared, pool.poolSize + pool.maxOverflow > size {
            findings.append(
                DoctorFinding(
                    .advice,
                    "the pool may open \(pool.poolSize + pool.maxOverflow) connections, and the pooler has \(size) to the "
                        + "server: the others wait in it",
                    change:
                        "set a smaller pool_size (VERNAL_POOL_SIZE): behind a pooler of transactions 1 or 2 are enough"
                )
            )
        }
        let isPreparing = pool.upstream?.keepsStatements == true
        if let kept = pooler.preparedStatements, kept > 0, inspection.status.mode != "session", !isPreparing {
            findings.append(
                DoctorFinding(
                    .advice,
                    "PgBouncer keeps prepared statements (max_prepared_statements is \(kept)), and the engine prepares none, "
                        + "because PgBouncer up to 1.25 does not tell it",
                    change: "set VERNAL_UPSTREAM=pgbouncer:prepared, if it pools transactions"
                )
            )
        }
        if isPreparing, (pooler.preparedStatements ?? 0) == 0 {
            findings.append(
                DoctorFinding(
                    .problem,
                    "PgBouncer keeps no prepared statements, and the setting upstream says that it does",
                    change: "set max_prepared_statements (PgBouncer 1.21 or later), or VERNAL_UPSTREAM=pgbouncer"
                )
            )
        }
        return findings
    }
}

extension DoctorFacts.Failure {
    /// What to do about it.
    func remedy(sslMode: String) -> String {
        switch (step, sqlState) {
        case (nil, _): "correct the setting; nothing was sent to anybody"
        case (.name, _):
            "compare the host name with the provider's; a private name is only known within its network"
        case (.transport, _):
            "look whether the server runs and listens at this port, and whether firewall, security group and route let this "
                + "machine through"
        case (.tls, _):
            sslMode.hasPrefix("verify")
                ? "if the server has no TLS, turn it on there; else compare the host name with the certificate's, and sslrootcert "
                    + "with the authority that has signed it"
                : "turn TLS on at the server, or, within a network that you trust, set sslmode=prefer"
        case (_, "28P01"): "correct the password of the user; in a URL write @ as %40, / as %2F, : as %3A, % as %25"
        case (_, "28000"):
            "let the user in from this address: pg_hba.conf, or what the provider calls it; some want TLS"
        case (_, "3D000"): "correct the name of the database, or create it"
        case (_, "53300"):
            "see who has the slots (pg_stat_activity), and 'vernal advise' for the size of the pools; it may pass"
        case (_, "57P03"): "wait: the server is starting, stopping or recovering"
        case (.query, _) where !passes:
            "look whether a pooler or proxy in between reaches its server, and into the log of both"
        default: passes ? "try again a little later" : "look into the log of the server"
        }
    }
}
