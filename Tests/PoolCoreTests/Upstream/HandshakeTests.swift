import PoolCore
import Testing

/// Every row of the table of handshakes.
///
/// Not testable without those services: what PgDog's extra keys, Neon's `neon.*` statuses and RDS Proxy's `server_version`
/// look like, and a request for protocol 3.2, which the engine never makes.
@Suite struct `A handshake` {
    private func verdict(
        _ backendPID: Int32,
        host: String? = "db.internal",
        port: Int? = 5432,
        _ change: (inout UpstreamEvidence) -> Void = { _ in }
    ) -> UpstreamVerdict {
        var evidence = UpstreamEvidence(host: host, port: port)
        evidence.backendPID = backendPID
        evidence.sentApplicationName = "vernal"
        evidence.reportedApplicationName = "vernal"
        evidence.serverVersion = "15.18"
        change(&evidence)
        return UpstreamDetector.verdict(on: evidence)
    }

    /// PQbackendPID, direct PostgreSQL; pgpool-II and the Cloud SQL Auth Proxy look the same.
    @Test func `with a possible process number is perhaps direct`() {
        for number: Int32 in [1, 4711, 1 << 22] {
            let verdict = verdict(number)
            #expect(verdict.kind == .direct)
            #expect(verdict.confidence == 0.5)
        }
        #expect(verdict(4711, host: "x.cluster-c1.eu-west-1.rds.amazonaws.com").confidence == 0.8)
    }

    /// PQbackendPID, PgBouncer and Odyssey (31 bits).
    @Test func `with a number that no process has comes from a pooler`() {
        let verdict = verdict(1 << 22 + 1)
        #expect(verdict.kind == .unknownPooler)
        #expect(verdict.mode == .unknown)
        #expect(verdict.confidence == 0.97)
    }

    /// PQbackendPID, PgBouncer before 1.21, PgCat and Neon (32 bits).
    @Test func `with a number below 0 comes from a pooler`() {
        #expect(verdict(-1).kind == .unknownPooler)
        #expect(verdict(-1).confidence == 0.95)
        #expect(verdict(-1, host: "ep-a-pooler.eu.aws.neon.tech").kind == .neon)
        #expect(verdict(-1, host: "ep-a.eu.aws.neon.tech").mode == .session)
        #expect(verdict(.min).kind == .unknownPooler)
    }

    /// PQbackendPID, RDS Proxy; ReadySet, CockroachDB and the first client of a PgDog look the same.
    @Test func `without a key is RDS Proxy's`() {
        let alone = verdict(0)
        #expect(alone.kind == .rdsProxy)
        #expect(alone.confidence == 0.75)
        #expect(verdict(0, host: "p.proxy-c1.eu-west-1.rds.amazonaws.com").confidence == 0.97)
        // Through a name of one's own.
        #expect(verdict(0, host: "x.amazonaws.com").confidence == 0.97)
        // A pooler that is known by its address keeps its name.
        #expect(verdict(0, host: "aws-0-eu-central-1.pooler.supabase.com", port: 6543).kind == .supavisor)
    }

    /// `application_name` ParameterStatus, Supavisor.
    @Test(arguments: [(6543, PoolingMode.transaction), (5432, .session), (7000, .unknown)])
    func `with Supavisor's name is Supavisor's`(port: Int, mode: PoolingMode) {
        let found = verdict(77, port: port) { $0.reportedApplicationName = "Supavisor" }
        #expect(found.kind == .supavisor)
        #expect(found.mode == mode)
        #expect(found.confidence == 0.99)
        // Unless that is what was asked for.
        let own = verdict(77) {
            $0.sentApplicationName = "Supavisor"
            $0.reportedApplicationName = "Supavisor"
        }
        #expect(own.kind == .direct)
    }

    /// `application_name` ParameterStatus, PgCat; Neon's PgBouncer; PgBouncer with application_name_add_host.
    @Test func `with another name than the one that was sent comes from a pooler`() {
        #expect(verdict(77) { $0.reportedApplicationName = "pgcat" }.kind == .pgcat)
        #expect(verdict(77) { $0.reportedApplicationName = "pgbouncer" }.kind == .pgbouncer)
        #expect(verdict(77) { $0.reportedApplicationName = "vernal - 10.0.0.1:5000" }.kind == .unknownPooler)
        // A role may have a setting of its own.
        #expect(verdict(77) { $0.reportedApplicationName = "reports" }.kind == .direct)
    }

    /// `server_version`, PgBouncer's admin database.
    @Test func `with a console's version is refused`() {
        #expect(verdict(77) { $0.serverVersion = "1.25.2/bouncer" }.isAdminConsole)
        #expect(!verdict(77).isAdminConsole)
    }

    /// Login NOTICE: PgBouncer's and Neon's are free text, so they say nothing; those of a full pool do.
    @Test func `with a notice of its queue gives a pooler away`() throws {
        let texts = [
            ("No server connection available in postgres backend, client being queued", UpstreamKind.pgbouncer),
            ("waiting for free backend connection", .odyssey),
        ]
        for (text, kind) in texts {
            let signal = UpstreamSignal(UpstreamMessage(sqlState: "00000", text: text, isNotice: true))
            let found = try #require(signal)
            #expect(verdict(77) { _ = $0.add(found) }.kind == kind)
        }
        #expect(UpstreamSignal(UpstreamMessage(sqlState: "00000", text: "welcome", isNotice: true)) == nil)
    }

    // MARK: Probe, and what is learnt later

    @Test func `is made sure by a probe`() {
        func probed(_ probe: UpstreamProbe, _ number: Int32 = 77, port: Int = 5432) -> UpstreamVerdict {
            verdict(number, port: port) { $0.probe = probe }
        }
        let seen = probed(UpstreamProbe(announcedPID: 77, backendPID: 77, clientPort: 5000, localPort: 5000))
        #expect(seen.kind == .direct && seen.confidence == 0.99)
        let forwarded = probed(UpstreamProbe(announcedPID: 77, backendPID: 77, clientPort: 5000, localPort: 6000))
        #expect(forwarded.kind == .direct && forwarded.confidence == 0.9)
        let other = probed(UpstreamProbe(announcedPID: 77, backendPID: 78, clientPort: 5000, localPort: 5000))
        #expect(other.kind == .unknownPooler && other.confidence == 0.97)
        let kept = probed(UpstreamProbe(announcedPID: 77, backendPID: 77, backendHeadStart: 2.5))
        #expect(kept.kind == .pgpool && kept.mode == .session && kept.confidence == 0.9)
        // What the port says of a pooler is not taken back by an equal number.
        #expect(probed(UpstreamProbe(announcedPID: 77, backendPID: 77), port: 9999).kind == .pgpool)
    }

    @Test func `asks for a probe only where one can tell something`() {
        func wants(
            _ number: Int32,
            host: String = "db.internal",
            _ change: (inout UpstreamEvidence) -> Void = { _ in }
        ) -> Bool {
            var evidence = UpstreamEvidence(host: host, port: 5432)
            evidence.backendPID = number
            change(&evidence)
            return UpstreamDetector.wantsProbe(evidence, UpstreamDetector.verdict(on: evidence))
        }
        #expect(wants(77))
        #expect(wants(77, host: "x.cluster-c1.eu-west-1.rds.amazonaws.com"))
        #expect(!wants(77, host: "p.proxy-c1.eu-west-1.rds.amazonaws.com"))
        #expect(!wants(0))
        #expect(!wants(-1))
        #expect(!wants(77) { $0.probe = UpstreamProbe(announcedPID: 77, backendPID: 77) })
        #expect(!wants(77) { $0.override = .init(.direct, .none, source: "VERNAL_UPSTREAM") })
    }

    @Test func `becomes only stricter by what is learnt later`() throws {
        let message = UpstreamMessage(
            sqlState: "08P01",
            text: "transaction blocks not allowed in statement pooling mode",
            lacksSeverityField: true
        )
        let signal = try #require(UpstreamSignal(message))
        #expect(verdict(77) { _ = $0.add(signal) }.mode == .statement)
        #expect(verdict(77) { _ = $0.add(signal) }.kind == .pgbouncer)
        let onProxy = verdict(0) { _ = $0.add(signal) }
        #expect(onProxy.kind == .rdsProxy)
        for number: Int32 in [0, -1, 77, 1 << 30] {
            for port in [5432, 6432, 6543, 9999] {
                let before = verdict(number, port: port)
                let after = verdict(number, port: port) { _ = $0.add(signal) }
                #expect(after.strictness >= before.strictness || before.kind == .unknown)
            }
        }
    }

    // MARK: What the user says

    @Test func `gives way to what the user says, unless that is too lenient`() {
        func said(
            _ kind: UpstreamKind,
            _ mode: PoolingMode,
            _ number: Int32,
            host: String = "db.internal"
        ) -> UpstreamVerdict {
            verdict(number, host: host) { $0.override = .init(kind, mode, source: "VERNAL_UPSTREAM") }
        }
        #expect(said(.pgbouncer, .session, -1).mode == .session)
        #expect(said(.pgbouncer, .session, -1).confidence == 1)
        #expect(said(.pgbouncer, .transaction, 77).contradiction == nil)
        #expect(said(.rdsProxy, .transaction, 77).kind == .rdsProxy)
        let tooLenient = said(.direct, .none, -1)
        #expect(tooLenient.kind == .unknownPooler)
        #expect(tooLenient.contradiction?.contains("VERNAL_UPSTREAM") == true)
        let proxy = said(.pgbouncer, .transaction, 0, host: "p.proxy-c1.eu-west-1.rds.amazonaws.com")
        #expect(proxy.kind == .rdsProxy)
        #expect(proxy.contradiction != nil)
        // A missing key alone is not sure enough to overrule anybody.
        #expect(said(.direct, .none, 0).kind == .direct)
    }
}
