internal import LibpqIO

/// What a server says of its limits on connections, and of their use.
package struct ServerFacts: Sendable, Hashable, Codable {
    /// `max_connections`.
    package var maxConnections: Int
    /// Slots that are kept for administrators: `superuser_reserved_connections`, and where they exist
    /// `reserved_connections` and what Amazon RDS keeps for itself.
    package var reserved: Int
    /// Connections of clients.
    package var used: Int
    /// Who was logged in.
    package var role: String
    /// Connections of that role.
    package var roleUsed: Int
    /// The role's `CONNECTION LIMIT`; `nil`: none.
    package var roleLimit: Int?
    package var isSuperuser: Bool
    /// The database that was connected to.
    package var database: String
    /// Connections to that database.
    package var databaseUsed: Int
    /// The database's `CONNECTION LIMIT`; `nil`: none.
    package var databaseLimit: Int?
    /// `idle_session_timeout` of this session in milliseconds, 0 when it is off; `nil` before PostgreSQL 14.
    package var idleSessionTimeout: Int?
    /// `idle_in_transaction_session_timeout` of this session in milliseconds, 0 when it is off.
    package var idleInTransactionTimeout: Int

    package init(maxConnections: Int, reserved: Int, used: Int) {
        self.maxConnections = maxConnections
        self.reserved = reserved
        self.used = used
        role = ""
        roleUsed = 0
        isSuperuser = false
        database = ""
        databaseUsed = 0
        idleInTransactionTimeout = 0
    }

    /// One row of plain reading, which pins nothing and which every role may ask for.
    ///
    /// What kind of backend it is, is hidden from those who may not see the sessions of others: those are told by having a
    /// role and a database.
    static let question = """
        WITH sessions AS (SELECT usesysid, datid FROM pg_catalog.pg_stat_activity \
        WHERE coalesce(backend_type, 'client backend') = 'client backend' AND usesysid IS NOT NULL AND datid IS NOT NULL) \
        SELECT pg_catalog.current_setting('max_connections'), \
        pg_catalog.current_setting('superuser_reserved_connections')::int \
        + coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int \
        + coalesce(nullif(pg_catalog.current_setting('rds.rds_superuser_reserved_connections', true), ''), '0')::int, \
        (SELECT pg_catalog.count(*) FROM sessions), r.rolname, \
        (SELECT pg_catalog.count(*) FROM sessions WHERE usesysid = r.oid), r.rolconnlimit, r.rolsuper, \
        d.datname, (SELECT pg_catalog.count(*) FROM sessions WHERE datid = d.oid), d.datconnlimit, \
        (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'), \
        (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'idle_in_transaction_session_timeout') \
        FROM pg_catalog.pg_roles r, pg_catalog.pg_database d \
        WHERE r.rolname = session_user AND d.datname = pg_catalog.current_database()
        """

    /// Reads the answer, which is in text.
    init?(_ result: borrowing PGResultHandle) {
        guard result.ntuples == 1, result.nfields == 12 else { return nil }
        func number(_ column: Int) -> Int? { result.text(column).flatMap { Int($0) } }
        guard let limit = number(0), let reserved = number(1), let used = number(2) else { return nil }
        self.init(maxConnections: limit, reserved: reserved, used: used)
        role = result.text(3) ?? ""
        roleUsed = number(4) ?? 0
        roleLimit = number(5).flatMap { $0 < 0 ? nil : $0 }
        isSuperuser = result.text(6) == "t"
        database = result.text(7) ?? ""
        databaseUsed = number(8) ?? 0
        databaseLimit = number(9).flatMap { $0 < 0 ? nil : $0 }
        idleSessionTimeout = number(10)
        idleInTransactionTimeout = number(11) ?? 0
    }
}

/// What a pooler says of its limits; `nil` for what it does not say.
package struct PoolerFacts: Sendable, Hashable, Codable {
    /// How many clients it takes.
    package var clientLimit: Int?
    /// How many connections to the server it has for a user and a database.
    package var poolSize: Int?
    /// How many prepared statements it keeps in a connection to the server; 0: it keeps none for its clients; `nil`: it knows nothing
    /// of that.
    package var preparedStatements: Int?

    package init(clientLimit: Int? = nil, poolSize: Int? = nil, preparedStatements: Int? = nil) {
        self.clientLimit = clientLimit
        self.poolSize = poolSize
        self.preparedStatements = preparedStatements
    }

    /// Reads PgBouncer's answer to `SHOW CONFIG`: a setting in each row.
    init?(config result: borrowing PGResultHandle) {
        self.init()
        for row in 0..<result.ntuples where result.nfields >= 2 {
            switch result.text(0, row: row) {
            case "max_client_conn": clientLimit = result.text(1, row: row).flatMap { Int($0) }
            case "default_pool_size": poolSize = result.text(1, row: row).flatMap { Int($0) }
            case "max_prepared_statements": preparedStatements = result.text(1, row: row).flatMap { Int($0) }
            default: break
            }
        }
        if clientLimit == nil, poolSize == nil { return nil }
    }
}
