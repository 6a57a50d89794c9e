/// What the host name and the port give away: no round trip, and known before the first packet.
///
/// The patterns are those of the providers' documentation, and for Amazon those of its JDBC wrapper (`RdsUtils.java`).
enum UpstreamAddress {
    /// What is behind an address; `nil` when it says nothing.
    static func verdict(host: String?, port: Int?, user: String?) -> UpstreamVerdict? {
        let host = host ?? ""
        // The folder of a socket is nobody's domain.
        if host.utf8.first == UInt8(ascii: "/") { return socket(host) ?? tenant(port, user) ?? port.flatMap(byPort) }
        let name = HostName(host)
        return amazon(name) ?? neon(name) ?? supabase(name, port) ?? tenant(port, user) ?? others(name, port)
            ?? port.flatMap(byPort)
    }

    private static func socket(_ folder: String) -> UpstreamVerdict? {
        guard folder.hasPrefix("/cloudsql/") else { return nil }
        return UpstreamVerdict(
            .direct,
            .none,
            confidence: 0.8,
            reasons: ["the socket is that of the Cloud SQL Auth Proxy, which only passes bytes on"]
        )
    }

    private static func amazon(_ name: HostName) -> UpstreamVerdict? {
        guard let place = name.rdsPlace else { return nil }
        // NAME[.endpoint].GROUP-ID and then the region and "rds" in either order.
        guard let group = place.last, place.count >= 2 else { return nil }
        if group.hasPrefix("proxy-"), group.dropFirst(6).allSatisfy(\.isLetterOrDigit) {
            let isEndpoint = place.count >= 3 && place[place.count - 2] == "endpoint"
            let what = isEndpoint ? "a further endpoint of an RDS Proxy" : "an RDS Proxy"
            return UpstreamVerdict(.rdsProxy, .transaction, confidence: 0.97, reasons: ["the host is \(what)"])
        }
        return UpstreamVerdict(
            .direct,
            .none,
            confidence: 0.8,
            reasons: ["the host is an instance or a cluster of RDS or Aurora"]
        )
    }

    private static func neon(_ name: HostName) -> UpstreamVerdict? {
        guard name.ends(with: "neon.tech") || name.ends(with: "neon.build"), let first = name.labels.first,
            name.labels.count > 2
        else { return nil }
        if first.hasSuffix("-pooler") {
            return UpstreamVerdict(
                .neon,
                .transaction,
                confidence: 0.99,
                reasons: ["the host is a pooled endpoint of Neon (PgBouncer)"]
            )
        }
        return UpstreamVerdict(
            .neon,
            .session,
            confidence: 0.99,
            reasons: ["the host is a direct endpoint of Neon: its proxy keeps a session for each client"]
        )
    }

    private static func supabase(_ name: HostName, _ port: Int?) -> UpstreamVerdict? {
        if name.ends(with: "pooler.supabase.com"), let first = name.labels.first,
            ["aws-", "fly-", "gcp-"].contains(where: { first.hasPrefix($0) })
        {
            let mode: PoolingMode = port == 6543 ? .transaction : port == 5432 ? .session : .unknown
            return UpstreamVerdict(
                .supavisor,
                mode,
                confidence: 0.99,
                reasons: ["the host is Supabase's shared pooler (Supavisor), port \(port ?? 0)"]
            )
        }
        if name.ends(with: "supabase.co"), name.labels.count == 4, name.labels[0] == "db", name.labels[1].count == 20 {
            if port == 6543 {
                return UpstreamVerdict(
                    .pgbouncer,
                    .transaction,
                    confidence: 0.97,
                    reasons: ["the host is a Supabase project and the port that of its dedicated pooler (PgBouncer)"]
                )
            }
            return UpstreamVerdict(.direct, .none, confidence: 0.8, reasons: ["the host is a Supabase project"])
        }
        return nil
    }

    private static func tenant(_ port: Int?, _ user: String?) -> UpstreamVerdict? {
        guard port == 6543, user?.contains(".") == true else { return nil }
        return UpstreamVerdict(
            .supavisor,
            .transaction,
            confidence: 0.85,
            reasons: ["the port is 6543 and the user name has a tenant in it, as Supavisor wants it"]
        )
    }

    private static func others(_ name: HostName, _ port: Int?) -> UpstreamVerdict? {
        if name.ends(with: "hyperdrive.local") {
            return UpstreamVerdict(
                .unknownPooler,
                .transaction,
                confidence: 0.9,
                reasons: ["the host is Cloudflare Hyperdrive"]
            )
        }
        let azure = ["postgres.database.azure.com", "postgres.database.chinacloudapi.cn"]
        if (azure + ["postgres.database.usgovcloudapi.net"]).contains(where: name.ends(with:)) {
            return port == 6432 || port == 8432
                ? pgbouncer("the host is Azure's flexible server and the port that of its PgBouncer", 0.97)
                : UpstreamVerdict(.direct, .none, confidence: 0.8, reasons: ["the host is Azure's flexible server"])
        }
        if name.ends(with: "db.ondigitalocean.com") {
            return port == 25061
                ? pgbouncer("the host is DigitalOcean's and the port that of its connection pools (PgBouncer)", 0.97)
                : UpstreamVerdict(
                    .direct,
                    .none,
                    confidence: 0.8,
                    reasons: ["the host is a database of DigitalOcean"]
                )
        }
        if port == 5433, name.ends(with: "compute-1.amazonaws.com") || name.ends(with: "compute.amazonaws.com") {
            return pgbouncer("host and port are those of Heroku's connection pooling (PgBouncer)", 0.6)
        }
        return nil
    }

    private static func pgbouncer(_ reason: String, _ confidence: Double) -> UpstreamVerdict {
        UpstreamVerdict(.pgbouncer, .transaction, confidence: confidence, reasons: [reason])
    }

    private static func byPort(_ port: Int) -> UpstreamVerdict? {
        let reason = "the port is \(port)"
        return switch port {
        case 6432:
            UpstreamVerdict(
                .unknownPooler,
                .unknown,
                confidence: 0.9,
                reasons: ["\(reason), on which PgBouncer, PgDog, PgCat and Odyssey listen"]
            )
        case 6543:
            UpstreamVerdict(
                .unknownPooler,
                .transaction,
                confidence: 0.85,
                reasons: ["\(reason), as for Supabase's poolers"]
            )
        case 25061:
            UpstreamVerdict(
                .pgbouncer,
                .transaction,
                confidence: 0.9,
                reasons: ["\(reason), as for DigitalOcean's pools"]
            )
        case 9999:
            UpstreamVerdict(.pgpool, .session, confidence: 0.7, reasons: ["\(reason), on which pgpool-II listens"])
        case 8432:
            UpstreamVerdict(.pgbouncer, .transaction, confidence: 0.6, reasons: ["\(reason), as for Azure's workers"])
        default: nil
        }
    }
}

/// A host name in lower case, taken apart.
struct HostName {
    private let name: String

    init(_ host: String) {
        let host = host.lowercased()
        // The root of all names may be written behind a name.
        name = host.utf8.last == UInt8(ascii: ".") ? String(host.dropLast()) : host
    }

    /// What stands between the dots: asked for only where the end of the name is one that is known.
    var labels: [String] { name.split(separator: ".").map(String.init) }

    /// Whether a domain is, or is above, this name.
    ///
    /// By bytes: some twenty domains are asked about while a process starts.
    func ends(with domain: String) -> Bool {
        guard name.utf8.count >= domain.utf8.count, name.utf8.suffix(domain.utf8.count).elementsEqual(domain.utf8)
        else {
            return false
        }
        return name.utf8.dropLast(domain.utf8.count).last ?? UInt8(ascii: ".") == UInt8(ascii: ".")
    }

    /// Whether the name is Amazon's at all.
    var isAmazon: Bool { labels.contains("amazonaws") || ends(with: "c2s.ic.gov") || ends(with: "sc2s.sgov.gov") }

    /// The labels before the region and `rds` in the name of a database of RDS.
    var rdsPlace: [String]? {
        let domains = [
            "amazonaws.com", "amazonaws.au", "amazonaws.eu", "amazonaws.uk", "amazonaws.com.cn", "c2s.ic.gov",
            "sc2s.sgov.gov",
        ]
        guard let domain = domains.first(where: ends(with:)) else { return nil }
        let rest = labels.dropLast(domain.split(separator: ".").count)
        guard rest.count >= 4 else { return nil }
        let (first, second) = (rest[rest.count - 2], rest[rest.count - 1])
        guard ["rds", "rds-fips"].contains(first) || ["rds", "rds-fips"].contains(second) else { return nil }
        return Array(rest.dropLast(2))
    }
}

extension Character {
    fileprivate var isLetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}
