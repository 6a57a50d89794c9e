import LibpqIO
import Testing
import Vernal

@testable import VernalCLI

/// What the doctor says, by a table of what he may see; no server.
@Suite struct `The findings of the doctor` {
    private static let day = 86_400

    private func facts(_ change: (inout DoctorFacts) -> Void = { _ in }) -> DoctorFacts {
        var facts = DoctorFacts(now: 1_700_000_000, address: "db.example.org:5432")
        facts.tls = Self.tls(endsIn: 90)
        facts.sslMode = "verify-full"
        facts.verification = .isSet
        facts.channelBinding = .isSet
        change(&facts)
        return facts
    }

    private static func tls(endsIn days: Int, begins: Int = -100) -> TLSFacts {
        TLSFacts(
            version: "TLSv1.3",
            cipher: "TLS_AES_256_GCM_SHA384",
            certificate: .init(
                subject: "/CN=db.example.org",
                issuer: "/CN=authority",
                notBefore: 1_700_000_000 + begins * day,
                notAfter: 1_700_000_000 + days * day + 60
            )
        )
    }

    @Test func `are none when all is well`() {
        #expect(facts().findings == [])
        #expect(DoctorReport(facts()).verdict == "sound")
    }

    @Test(
        arguments: [
            (90, -100, nil, ""), (21, -100, nil, ""), (20, -100, .advice, "ends in 20 days"),
            (1, -100, .advice, "ends in 1 day"), (0, -100, .advice, "in 0 days"),
            (-1, -100, .problem, "ended 1 day ago"), (-2, -100, .problem, "ended 2 days ago"),
            (90, 1, .problem, "not yet valid"),
        ] as [(Int, Int, DoctorFinding.Level?, String)]
    )
    func `look at the dates of the certificate`(ends: Int, begins: Int, level: DoctorFinding.Level?, text: String) {
        let findings = facts { $0.tls = Self.tls(endsIn: ends, begins: begins) }.findings
        #expect(findings.first?.level == level)
        #expect(level == nil || findings[0].what.contains(text))
    }

    @Test func `look at encryption: off is a problem over a network, and a note on this machine`() {
        func change(_ facts: inout DoctorFacts) {
            facts.tls = nil
            facts.sslMode = "prefer"
        }
        #expect(facts(change).findings.map(\.level) == [.problem])
        let near = facts {
            change(&$0)
            $0.isNear = true
        }
        #expect(near.findings.map(\.level) == [.note])
        let socket = facts {
            change(&$0)
            $0.isSocket = true
        }
        #expect(socket.findings == [])
    }

    @Test func `look at verification: what would pass is to be set, what would not says why`() throws {
        let passes = facts {
            $0.verification = .passes
            $0.sslMode = "prefer"
        }
        #expect(try #require(passes.findings.first?.change).contains("sslmode=verify-full"))
        #expect(DoctorText(facts: passes).text.contains("not insisted on (sslmode=prefer)"))
        let fails = facts {
            $0.verification = .fails("no authority")
            $0.sslMode = "require"
        }
        let what = try #require(fails.findings.first?.what)
        #expect(what.contains("no authority") && what.contains("not checked"))
    }

    @Test(arguments: [DoctorFacts.Trial.passes, .fails("wrong name"), .notTried])
    func `tell a chain that is checked from a certificate that nobody looks at`(trial: DoctorFacts.Trial) {
        let half = facts {
            $0.verification = trial
            $0.sslMode = "verify-ca"
            $0.checksChain = true
        }
        let words = "the chain is checked, the name is not (sslmode=verify-ca)"
        #expect(DoctorText(facts: half).text.contains(words))
        #expect(DoctorReport(half).certificateCheck == "chain")
        #expect(half.findings.allSatisfy { $0.what.contains(words) && !$0.what.contains("not checked") })
        #expect(half.findings.count == (trial == .notTried ? 0 : 1))
    }

    @Test(
        arguments: [
            (nil, nil, 64, false), (.name, nil, 68, false), (.transport, nil, 69, true), (.tls, nil, 76, false),
            (.authentication, nil, 69, true), (.authentication, "53300", 75, true),
            (.authentication, "57P03", 75, true),
            (.authentication, "28P01", 77, false), (.authentication, "0A000", 77, false),
            (.query, nil, 69, false), (.query, "08P01", 69, false), (.query, "53300", 75, true),
            (.query, "28P01", 77, false),
        ] as [(DoctorFacts.Step?, String?, Int32, Bool)]
    )
    func `give each failure its status and a remedy`(
        step: DoctorFacts.Step?,
        sqlState: String?,
        status: Int32,
        passes: Bool
    ) {
        let failed = facts {
            $0.failure = .init(
                step: step,
                message: "it failed",
                sqlState: sqlState,
                passes: passes,
                isLogin: sqlState == "28P01"
            )
            $0.tls = nil
        }
        #expect(DoctorReport(failed).exitStatus == status)
        #expect(failed.findings.count == 1)
        #expect(failed.findings[0].level == .problem)
        #expect(failed.findings[0].change?.isEmpty == false)
    }

    @Test func `put the worst first`() {
        let findings = facts {
            $0.verification = .passes
            $0.channelBinding = .passes
            $0.times[.name] = .seconds(1)
            $0.tls = Self.tls(endsIn: -3)
        }.findings
        #expect(findings.map(\.level) == [.problem, .advice, .advice, .note])
    }
}
