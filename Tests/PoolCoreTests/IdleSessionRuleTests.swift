import Moments
import PoolCore
import Testing

@Suite struct `The end of sessions that rest` {
    private static func rules(_ kind: UpstreamKind, _ mode: PoolingMode, _ confidence: Double = 1) -> UpstreamRules {
        UpstreamRules(for: UpstreamVerdict(kind, mode, confidence: confidence))
    }

    private static let direct = rules(.direct, .none)

    private func step(
        _ rules: UpstreamRules,
        _ kind: UpstreamKind = .direct,
        version: Int = 150_018,
        canFindOut: Bool = false,
        options: String? = nil
    ) -> IdleSessionRule.Step {
        IdleSessionRule(.seconds(300), options: options)
            .step(rules, kind, serverVersion: version, canFindOut: canFindOut)
    }

    private func isRefusal(_ step: IdleSessionRule.Step, _ words: String) -> Bool {
        if case .refrain(let reason) = step { reason.contains(words) } else { false }
    }

    @Test func `is asked of a server with nothing in between, and of nobody else`() {
        #expect(step(Self.direct) == .tell)
        for kind in UpstreamKind.allCases where kind != .direct {
            for mode in PoolingMode.allCases {
                let rules = Self.rules(kind, mode)
                #expect(!rules.allowsIdleSessionTimeout, "\(kind) \(mode)")
                #expect(step(rules, kind) != .tell)
                // What was direct and is not any more is not asked again.
                #expect(step(Self.direct.stricter(with: rules), kind) != .tell)
            }
        }
        #expect(isRefusal(step(Self.rules(.pgbouncer, .session), .pgbouncer), "pgbouncer"))
    }

    @Test func `waits for an answer where it is not known what is in between, and is not asked for without one`() {
        let vague = Self.rules(.direct, .none, 0.5)
        #expect(step(vague, canFindOut: true) == .findOut)
        #expect(isRefusal(step(vague), "VERNAL_UPSTREAM=direct"))
    }

    @Test func `is not asked of a server that does not know it, nor is a question spent on it`() {
        #expect(step(Self.direct, version: 140_000) == .tell)
        #expect(isRefusal(step(Self.direct, version: 139_999), "PostgreSQL 14"))
        #expect(isRefusal(step(Self.rules(.direct, .none, 0.5), version: 130_005, canFindOut: true), "PostgreSQL 14"))
    }

    @Test func `is left to the options of the connection where they speak of it`() {
        #expect(isRefusal(step(Self.direct, options: "-c Idle_Session_Timeout=5min"), "options"))
        #expect(step(Self.direct, options: "-c idle_in_transaction_session_timeout=5min") == .tell)
    }

    @Test(arguments: [
        (Duration.seconds(1), "1000", Duration.milliseconds(500)), (.milliseconds(1500), "1500", .milliseconds(750)),
        (.seconds(20), "20000", .seconds(10)), (.seconds(300), "300000", .seconds(290)),
        (IdleSessionRule.longest, "2147483647", IdleSessionRule.longest - .seconds(10)),
    ])
    func `is said in milliseconds, and expected sooner than that`(timeout: Duration, number: String, idle: Duration) {
        let rule = IdleSessionRule(timeout, options: nil)
        #expect(rule.command == "SET idle_session_timeout = \(number)")
        #expect(rule.longestIdle == idle)
        // What lies in the pool for as long as it may, after a silence that was just not too long, is still alive.
        let silence = (timeout - idle) / 2
        #expect(!rule.isLong(silence) && rule.isLong(silence + .nanoseconds(1)))
        #expect(silence + rule.longestIdle < timeout)
    }

    @Test func `is kept in mind by the pool: what has rested for so long is closed without a question`() throws {
        for minimum in [0, 1] {
            let pool = PoolDriver { $0.minConnections = minimum }
            pool.capLives(idle: IdleSessionRule(.seconds(40), options: nil).longestIdle)
            let connection = try pool.borrow()
            #expect(pool.giveBack(connection) == .park)
            pool.now += .seconds(30)
            #expect(pool.acquire() == .lend(connection, .look))
            #expect(pool.giveBack(connection) == .park)
            pool.thaw(gap: .seconds(31))
            #expect(pool.acquire().opened != nil)
            #expect(pool.closed == [connection])
            #expect(pool.counters.expiries == 1 && pool.counters.losses == 0)
        }
    }

    @Test func `is no trouble of the server's: it calls for a new connection and for nothing else`() {
        let message = UpstreamMessage(
            sqlState: "57P05",
            text: "terminating connection due to idle-session timeout",
            isFatal: true
        )
        #expect(FailureAdvice(message) == FailureAdvice(.idleClosed, .soon))
        // It is PostgreSQL's own, so it gives no pooler away.
        #expect(UpstreamSignal(message) == nil)
    }

    @Test(arguments: [
        "SET x = 1", "RESET ALL", "DISCARD ALL", "SELECT set_config('a', 'b', false)", "DO 'x'", "CALL p()",
    ])
    func `may be undone by a statement`(statement: String) {
        #expect(!StatementClassifier.classify(statement.utf8.span).traits.isDisjoint(with: .changesSettings))
    }

    @Test(arguments: ["SELECT 1", "SET LOCAL x = 1", "LISTEN a", "CREATE TEMP TABLE t (n int)", "COMMIT"])
    func `is not undone by others`(statement: String) {
        #expect(StatementClassifier.classify(statement.utf8.span).traits.isDisjoint(with: .changesSettings))
    }
}
