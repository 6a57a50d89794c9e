import PoolCore
import Testing

/// Poolers that keep prepared statements for each client, which only their operator knows.
@Suite struct `Prepared statements behind a pooler` {
    private func verdict(
        _ kind: UpstreamKind,
        _ mode: PoolingMode = .transaction,
        backendPID: Int32 = 1 << 30,
        host: String = "db.internal",
        _ change: (inout UpstreamEvidence) -> Void = { _ in }
    ) -> UpstreamVerdict {
        var evidence = UpstreamEvidence(host: host, port: 6432)
        evidence.override = .init(kind, mode, keepsStatements: true, source: "VERNAL_UPSTREAM")
        evidence.backendPID = backendPID
        change(&evidence)
        return UpstreamDetector.verdict(on: evidence)
    }

    @Test(arguments: [UpstreamKind.pgbouncer, .odyssey, .pgcat, .pgdog, .supavisor, .neon])
    func `are used when they are said to be kept, and never forgotten in SQL`(kind: UpstreamKind) {
        let silent = UpstreamRules(for: UpstreamVerdict(kind, .transaction, confidence: 1))
        #expect(!silent.preparesStatements)
        let rules = UpstreamRules(for: verdict(kind))
        #expect(rules.preparesStatements)
        #expect(!rules.forgetsStatements)
        // Nothing else becomes more lenient.
        #expect(rules.forbidden == silent.forbidden)
        #expect(rules.allowsReset == silent.allowsReset)
    }

    @Test func `are not used where that cannot be, whatever is said`() {
        #expect(!UpstreamRules(for: verdict(.rdsProxy)).preparesStatements)
        #expect(!UpstreamRules(for: verdict(.pgbouncer, .statement)).preparesStatements)
        // What is seen is stricter than what is said.
        let proxy = verdict(.pgbouncer, backendPID: 0, host: "p.proxy-c1.eu-west-1.rds.amazonaws.com")
        #expect(proxy.kind == .rdsProxy)
        #expect(!UpstreamRules(for: proxy).preparesStatements)
    }

    @Test func `are not used any more once one was not there`() {
        let verdict = verdict(.pgbouncer) { $0.lostStatement = "26000" }
        #expect(!UpstreamRules(for: verdict).preparesStatements)
        #expect(verdict.contradiction?.contains("VERNAL_UPSTREAM") == true)
        #expect(verdict.contradiction?.contains("was not there when it was to be run (26000)") == true)
        let taken = self.verdict(.pgbouncer) { $0.lostStatement = "42P05" }
        #expect(taken.contradiction?.contains("the name of one was taken") == true)
        #expect(verdict.kind == .pgbouncer)
        let before = UpstreamRules(for: self.verdict(.pgbouncer))
        #expect(!before.stricter(with: UpstreamRules(for: verdict)).preparesStatements)
        #expect(before.stricter(with: before).preparesStatements)
    }

    @Test func `are told as they are done, and nobody is asked to say what he has said`() {
        func told(_ verdict: UpstreamVerdict) -> String? {
            UpstreamRules(for: verdict).sentences(isContradicted: verdict.contradiction != nil)
                .first { $0.hasPrefix("statements prepared under a name: ") }
        }
        let beginning = "statements prepared under a name: "
        #expect(told(verdict(.pgdog)) == beginning + "yes, outside of transactions")
        #expect(told(verdict(.pgbouncer) { $0.lostStatement = "26000" }) == beginning + "no")
        #expect(told(UpstreamVerdict(.rdsProxy, .transaction, confidence: 1)) == beginning + "no")
        #expect(told(UpstreamVerdict(.direct, .none, confidence: 1)) == beginning + "yes")
        let silent = told(UpstreamVerdict(.pgdog, .transaction, confidence: 1))
        #expect(
            silent?.hasSuffix(
                "so no, unless you say so (VERNAL_UPSTREAM=pgbouncer:prepared, with the pooler's own name)"
            ) == true
        )
    }

    @Test func `are as ever on a server and behind a pooler of sessions`() {
        for verdict in [
            UpstreamVerdict(.direct, .none, confidence: 1), UpstreamVerdict(.pgbouncer, .session, confidence: 1),
        ] {
            let rules = UpstreamRules(for: verdict)
            #expect(rules.preparesStatements && rules.forgetsStatements)
        }
    }
}
