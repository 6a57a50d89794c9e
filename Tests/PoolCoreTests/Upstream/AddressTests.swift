import PoolCore
import Testing

/// Every row of the table of addresses.
///
/// Not testable from here: that Heroku's variable ends in `_CONNECTION_POOL_URL` (a name, not an address), and that
/// Google's managed pooling listens on 6432 under the instance's own address, which no pattern can tell from any other.
@Suite struct `An address` {
    struct Row: Sendable, CustomTestStringConvertible {
        let host: String?
        let port: Int?
        var user: String?
        let kind: UpstreamKind
        let mode: PoolingMode

        init(_ host: String?, _ port: Int?, _ kind: UpstreamKind, _ mode: PoolingMode, user: String? = nil) {
            self.host = host
            self.port = port
            self.kind = kind
            self.mode = mode
            self.user = user
        }

        var testDescription: String { "\(host ?? "-"):\(port ?? 0)" }
    }

    private static let project = String(repeating: "a", count: 20)

    private static let rows: [Row] = [
        // RDS Proxy
        Row("my-proxy.proxy-c1abc2.eu-west-1.rds.amazonaws.com", 5432, .rdsProxy, .transaction),
        Row("MY-proxy.PROXY-c1abc2.eu-west-1.rds.amazonaws.com.", 5432, .rdsProxy, .transaction),
        Row("p.proxy-c1.us-gov-west-1.rds-fips.amazonaws.com", 5432, .rdsProxy, .transaction),
        Row("p.proxy-c1.eusc-de-east-1.rds.amazonaws.eu", nil, .rdsProxy, .transaction),
        // RDS Proxy extra endpoint
        Row("ro.endpoint.proxy-c1abc2.eu-west-1.rds.amazonaws.com", 5432, .rdsProxy, .transaction),
        // RDS Proxy China, both orders
        Row("p.proxy-c1.rds.cn-north-1.amazonaws.com.cn", 5432, .rdsProxy, .transaction),
        Row("p.proxy-c1.cn-north-1.rds.amazonaws.com.cn", 5432, .rdsProxy, .transaction),
        // RDS Proxy Gov/ISO
        Row("p.proxy-c1.rds.us-gov-east-1.amazonaws.com", 5432, .rdsProxy, .transaction),
        Row("proxy-test-name.proxy-XYZ.rds.us-isob-east-1.sc2s.sgov.gov", 5432, .rdsProxy, .transaction),
        Row("p.proxy-XYZ.rds.us-iso-east-1.c2s.ic.gov", 5432, .rdsProxy, .transaction),
        // Aurora/RDS direct
        Row("db.cluster-c1abc2.eu-west-1.rds.amazonaws.com", 5432, .direct, .none),
        Row("db.cluster-ro-c1abc2.eu-west-1.rds.amazonaws.com", 5432, .direct, .none),
        Row("db.cluster-custom-c1abc2.eu-west-1.rds.amazonaws.com", 3306, .direct, .none),
        Row("db.shardgrp-c1abc2.eu-west-1.rds.amazonaws.com", 5432, .direct, .none),
        Row("proxy-db.c1abc2.eu-west-1.rds.amazonaws.com", 5432, .direct, .none),
        Row("db.global-c1abc2.global.rds.amazonaws.com", 5432, .direct, .none),
        // Neon pooled, Neon direct
        Row("ep-cool-1-pooler.eu-central-1.aws.neon.tech", 5432, .neon, .transaction),
        Row("ep-cool-1-pooler.c-2.us-east-1.aws.neon.build", 5432, .neon, .transaction),
        Row("ep-cool-1.eu-central-1.aws.neon.tech", 5432, .neon, .session),
        // Supabase
        Row("aws-0-eu-central-1.pooler.supabase.com", 6543, .supavisor, .transaction),
        Row("aws-1-eu-central-1.pooler.supabase.com", 5432, .supavisor, .session),
        Row("fly-0-fra.pooler.supabase.com", 6543, .supavisor, .transaction),
        Row("db.\(project).supabase.co", 6543, .pgbouncer, .transaction),
        Row("db.\(project).supabase.co", 5432, .direct, .none),
        Row("supavisor.internal", 6543, .supavisor, .transaction, user: "postgres.tenant"),
        // Azure
        Row("x.postgres.database.azure.com", 6432, .pgbouncer, .transaction),
        Row("x.postgres.database.azure.com", 8432, .pgbouncer, .transaction),
        Row("x.postgres.database.azure.com", 5432, .direct, .none),
        Row("x.postgres.database.chinacloudapi.cn", 6432, .pgbouncer, .transaction),
        Row("x.postgres.database.usgovcloudapi.net", 6432, .pgbouncer, .transaction),
        // DigitalOcean
        Row("db-1.b.db.ondigitalocean.com", 25061, .pgbouncer, .transaction),
        Row("db-1.b.db.ondigitalocean.com", 25060, .direct, .none),
        // Heroku
        Row("ec2-1-2-3-4.compute-1.amazonaws.com", 5433, .pgbouncer, .transaction),
        // Cloud SQL Auth Proxy
        Row("/cloudsql/project:region:instance", nil, .direct, .none),
        // Hyperdrive
        Row("abc.hyperdrive.local", 5432, .unknownPooler, .transaction),
        // PgBouncer, PgDog, PgCat, Odyssey; pgpool-II; ports alone
        Row("10.0.0.7", 6432, .unknownPooler, .unknown),
        Row("pooler.internal", 9999, .pgpool, .session),
        Row("pooler.internal", 6543, .unknownPooler, .transaction),
        Row("pooler.internal", 25061, .pgbouncer, .transaction),
        Row("pooler.internal", 8432, .pgbouncer, .transaction),
        // Nothing to be known
        Row("10.0.0.7", 5432, .unknown, .unknown),
        Row("db.internal", nil, .unknown, .unknown),
        Row("/var/run/postgresql", nil, .unknown, .unknown),
        Row(nil, nil, .unknown, .unknown),
        // Only near misses
        Row("rds.amazonaws.com.example.org", 5432, .unknown, .unknown),
        Row("p.proxy-c1.eu-west-1.rds.amazonaws.com.evil.org", 5432, .unknown, .unknown),
        Row("neon.tech", 5432, .unknown, .unknown),
    ]

    @Test(arguments: rows)
    func `says what is behind it`(row: Row) {
        let verdict = UpstreamDetector.verdict(on: UpstreamEvidence(host: row.host, port: row.port, user: row.user))
        #expect(verdict.kind == row.kind)
        #expect(verdict.mode == row.mode)
        #expect(!verdict.reasons.isEmpty)
        #expect(verdict.kind == .unknown || verdict.confidence >= 0.6)
    }
}
