import PoolCore
import Testing

@Suite struct `The pin guard` {
    private let rdsProxy = UpstreamRules(for: UpstreamVerdict(.rdsProxy, .transaction, confidence: 1))
    private let pgbouncer = UpstreamRules(for: UpstreamVerdict(.pgbouncer, .transaction, confidence: 1))
    private let statementMode = UpstreamRules(for: UpstreamVerdict(.pgbouncer, .statement, confidence: 1))
    private let direct = UpstreamRules(for: UpstreamVerdict(.direct, .none, confidence: 1))

    @Test func `says what is wrong with a statement, and how to write it`() throws {
        var pins = PinGuard()
        let check = pins.check("SET search_path = a", rdsProxy, inTransaction: false)
        #expect(check.findings == [PinFinding(trait: .sessionSetting, harm: .pins)])
        let sentence = try #require(check.findings.first?.description)
        #expect(sentence.contains("pins the proxy"))
        #expect(sentence.contains("SET LOCAL"))
        #expect(pins.check("SET search_path = a", pgbouncer, inTransaction: false).findings.first?.harm == .leaks)
        #expect(pins.check("LISTEN a", pgbouncer, inTransaction: false).findings.first?.harm == .breaks)
    }

    @Test func `reports each place in a program once`() {
        var pins = PinGuard()
        #expect(pins.check("SELECT pg_advisory_lock(1)", rdsProxy, inTransaction: false).new.count == 1)
        for number in 0..<1000 {
            let check = pins.check("SELECT  pg_advisory_lock(\(number))", rdsProxy, inTransaction: false)
            #expect(check.findings.count == 1)
            #expect(check.new.isEmpty)
        }
        #expect(pins.check("SELECT 1, pg_advisory_lock(1)", rdsProxy, inTransaction: false).new.count == 1)
    }

    @Test func `does not report without end`() {
        var pins = PinGuard()
        let new = (0..<3000).reduce(into: 0) { count, number in
            count += pins.check("SET a\(number) = 1", rdsProxy, inTransaction: false).new.count
        }
        #expect(new == 1000)
    }

    @Test func `knows a statement by its whole text`() {
        var pins = PinGuard()
        let filler = String(repeating: "x", count: 2000)
        // The same length, and the same bytes where the cache looks: they differ in one place only.
        for place in stride(from: 10, to: 1900, by: 7) {
            var text = Array("SELECT '\(filler)', pg_advisory_xact_lock(1)".utf8)
            text[place] = UInt8(ascii: "y")
            #expect(pins.classify(String(decoding: text, as: UTF8.self)).traits == [])
        }
        #expect(pins.classify("SELECT '\(filler)', nextval('a')").traits == .sequence)
    }

    @Test func `knows many statements from each other, the first time and the second`() {
        var pins = PinGuard()
        for _ in 1...2 {
            for number in 1...600 {
                #expect(pins.classify("SELECT \(number)").traits == [])
                #expect(pins.classify("SELECT nextval('s\(number)')").traits == .sequence)
            }
        }
    }

    @Test func `allows in a transaction what stays in it`() {
        var pins = PinGuard()
        for text in [
            "DECLARE c CURSOR FOR SELECT 1", "CREATE TEMP TABLE t (a int) ON COMMIT DROP", "SELECT currval('s')",
        ] {
            #expect(pins.check(text, pgbouncer, inTransaction: true).findings.isEmpty, "\(text)")
            #expect(!pins.check(text, pgbouncer, inTransaction: false).findings.isEmpty, "\(text)")
            #expect(!pins.check(text, rdsProxy, inTransaction: true).findings.isEmpty, "\(text)")
        }
        #expect(pins.check("SET LOCAL a.b = 1", rdsProxy, inTransaction: true).findings.isEmpty)
        #expect(!pins.check("SET a.b = 1", pgbouncer, inTransaction: true).findings.isEmpty)
    }

    @Test func `allows nothing of a transaction where there is none`() {
        var pins = PinGuard()
        for text in ["BEGIN", "SET LOCAL a.b = 1", "LOCK TABLE t", "DECLARE c CURSOR FOR SELECT 1"] {
            #expect(!pins.check(text, statementMode, inTransaction: true).findings.isEmpty, "\(text)")
        }
    }

    @Test func `has nothing to say on a session of one's own`() {
        var pins = PinGuard()
        let session = UpstreamRules(for: UpstreamVerdict(.pgbouncer, .session, confidence: 1))
        for text in ["SET a.b = 1", "LISTEN a", "BEGIN", "CREATE TEMP TABLE t (a int)"] {
            #expect(pins.check(text, direct, inTransaction: false).findings.isEmpty)
            #expect(pins.check(text, session, inTransaction: false).findings.isEmpty)
        }
        #expect(!direct.guardsStatements)
    }

    /// All traits have words, and every forbidden one has a harm.
    @Test func `has words for everything`() {
        for trait in StatementTraits(rawValue: 1 << 18 - 1).elements {
            #expect(PinAdvice.name(of: trait) != nil)
            #expect(PinAdvice.advice(for: trait) != nil)
        }
        for rules in [rdsProxy, pgbouncer, statementMode] {
            for trait in rules.forbidden.elements { #expect(rules.harm[trait] != nil) }
        }
    }
}
