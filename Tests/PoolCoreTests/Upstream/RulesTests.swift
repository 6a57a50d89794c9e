import PoolCore
import Testing

@Suite struct `The rules of an upstream` {
    private static let verdicts = UpstreamKind.allCases.flatMap { kind in
        PoolingMode.allCases.map { UpstreamVerdict(kind, $0, confidence: 1) }
    }

    @Test func `leave everything to a direct connection`() {
        let rules = UpstreamRules(for: UpstreamVerdict(.direct, .none, confidence: 1))
        #expect(rules.allowsStartupOptions && rules.allowsReset && rules.allowsCancel && rules.allowsTransactions)
        #expect(rules.namedStatements == .yes)
        #expect(rules.forbidden.isEmpty)
        #expect(!rules.keepsIdleConnections)
    }

    @Test func `take a connection that only looks direct for one that may be shared`() {
        let rules = UpstreamRules(for: UpstreamVerdict(.direct, .none, confidence: 0.8))
        #expect(rules == UpstreamRules(for: UpstreamVerdict(.unknown, .unknown, confidence: 0)))
        #expect(rules.forbidden.contains(.sessionSetting))
    }

    @Test func `keep RDS Proxy multiplexing`() {
        let rules = UpstreamRules(for: UpstreamVerdict(.rdsProxy, .transaction, confidence: 1))
        #expect(!rules.allowsStartupOptions && !rules.allowsReset && !rules.allowsCancel)
        #expect(rules.longestIdle == .seconds(1500))
        #expect(rules.longestLife == .seconds(82_800))
        #expect(rules.keepsIdleConnections)
        for trait: StatementTraits in [.sessionSetting, .cursor, .sequence, .oversized, .temporaryObjectOfTransaction] {
            #expect(rules.forbidden.contains(trait))
        }
    }

    @Test func `forbid more the less is known`() {
        let unknown = UpstreamRules(for: UpstreamVerdict(.unknown, .unknown, confidence: 0))
        for verdict in Self.verdicts where verdict.kind != .rdsProxy && verdict.mode != .statement {
            let rules = UpstreamRules(for: verdict)
            #expect(unknown.forbidden.isSuperset(of: rules.forbidden), "\(verdict)")
            #expect(unknown.namedStatements <= rules.namedStatements)
            #expect(!unknown.allowsReset && !unknown.allowsStartupOptions)
        }
    }

    @Test func `become stricter when two are taken together`() {
        for one in Self.verdicts {
            for other in Self.verdicts {
                let (first, second) = (UpstreamRules(for: one), UpstreamRules(for: other))
                let both = first.stricter(with: second)
                for rules in [first, second] {
                    #expect(both.forbidden.isSuperset(of: rules.forbidden))
                    #expect(both.namedStatements <= rules.namedStatements)
                    #expect(!both.allowsReset || rules.allowsReset)
                    #expect(!both.allowsCancel || rules.allowsCancel)
                    #expect(!both.allowsTransactions || rules.allowsTransactions)
                    // Whatever one of them forbids in a transaction is forbidden in one.
                    let all = StatementTraits(rawValue: .max)
                    #expect(
                        both.breaches(all, inTransaction: true).isSuperset(of: rules.breaches(all, inTransaction: true))
                    )
                    if let limit = rules.longestIdle, let common = both.longestIdle { #expect(common <= limit) }
                }
                #expect(both.stricter(with: second).forbidden == both.forbidden)
            }
        }
    }

    @Test func `are told in sentences`() {
        for verdict in Self.verdicts {
            let sentences = UpstreamRules(for: verdict).sentences()
            #expect(sentences.count >= 5)
            #expect(sentences.allSatisfy { !$0.isEmpty })
        }
    }

    @Test(arguments: [
        ("08P01", "unsupported startup parameter: options", "options"),
        ("08P01", "unsupported startup parameter in options: work_mem", "options"),
        ("08P01", "unsupported startup parameter: search_path", "options"),
        ("08P01", "unsupported startup parameter: replication", "replication"),
        ("0A000", "Feature not supported: RDS Proxy currently doesn’t support command-line options.", "options"),
        (
            "0A000", "Feature not supported: RDS Proxy currently doesn't support the option application_name.",
            "application_name"
        ),
        ("XX000", "unsupported startup parameter: geqo. Please use unpooled connection", "options"),
    ])
    func `are learnt from a startup parameter that is refused`(sqlState: String, text: String, keyword: String) {
        #expect(StartupRefusal.keyword(in: UpstreamMessage(sqlState: sqlState, text: text, isFatal: true)) == keyword)
    }

    @Test(arguments: [
        ("28P01", "password authentication failed"), ("42704", "unrecognized configuration parameter \"x\""),
        ("08P01", "no such database: x"), ("08P01", "unsupported startup parameter: "),
    ])
    func `are not learnt from other refusals`(sqlState: String, text: String) {
        #expect(StartupRefusal.keyword(in: UpstreamMessage(sqlState: sqlState, text: text, isFatal: true)) == nil)
    }
}
