import Testing
import Vernal

@Suite struct `The upstream in the configuration` {
    private func read(_ url: String) throws -> EngineConfiguration { try EngineConfiguration(url: url) }

    @Test func `hints of other stacks are taken out of the URL and taken as hints`() throws {
        let prisma = try read(
            "postgres://u@h/d?pgbouncer=true&connection_limit=3&pool_timeout=7&statement_cache_size=0"
        )
        #expect(prisma.upstream == .pgbouncer)
        #expect(prisma.poolSize == 3)
        #expect(prisma.acquireTimeout == .seconds(7))
        #expect(throws: Never.self) { try prisma.validate() }
        #expect(prisma.statementCacheSize == 0)
        #expect(try read("postgres://u@h/d?statement_cache_size=7").statementCacheSize == 7)
        #expect(try read("postgres://u@h/d?prepareThreshold=5").statementCacheSize == 64)
        let supabase = try read("postgres://u@h:6543/d?supa=base-pooler.x&prepareThreshold=0&prepared_statements=false")
        #expect(supabase.upstream == .supavisor)
        #expect(supabase.statementCacheSize == 0)
        #expect(throws: Never.self) { try supabase.validate() }
        #expect(try read("postgres://u@h/d?pgbouncer=false").upstream == nil)
        #expect(throws: VernalError.self) { try read("postgres://u@h/d?statement_cache_size=many") }
        // The password stays a password, whatever is in it.
        #expect(try read("postgres://u:pgbouncer=true@h/d").upstream == nil)
    }

    @Test(arguments: [
        ("direct", Upstream.direct), ("pgbouncer", .pgbouncer), ("PGBOUNCER:session", .pgbouncer.pooling(.session)),
        ("pgbouncer:statement", .pgbouncer.pooling(.statement)), ("rdsproxy", .rdsProxy), ("pgpool", .pgpool),
        ("odyssey:session", .odyssey.pooling(.session)), ("pgcat", .pgcat), ("pgdog", .pgdog),
        ("supavisor", .supavisor),
        ("neon", .neon), ("pgbouncer:transaction", .pgbouncer), ("pgpool:transaction", .pgpool.pooling(.transaction)),
        ("pgbouncer:prepared", .pgbouncer.keepingPreparedStatements()),
        ("Odyssey:prepared", .odyssey.keepingPreparedStatements()),
    ])
    func `the variable takes every name, with and without a mode`(word: String, expected: Upstream) throws {
        let environment = ["DATABASE_URL": "postgres://h/d", "VERNAL_UPSTREAM": word]
        let found = try EngineConfiguration(environmentFor: nil, environment: environment)
        #expect(found.upstream == expected)
    }

    @Test func `prepared statements are kept by poolers of transactions only`() {
        #expect(Upstream.pgbouncer.keepingPreparedStatements().description == "pgbouncer:prepared")
        #expect(Upstream.pgbouncer.pooling(.session).keepingPreparedStatements().description == "pgbouncer:prepared")
        #expect(Upstream.pgbouncer.keepingPreparedStatements().pooling(.session) == .pgbouncer.pooling(.session))
        for upstream in [Upstream.direct, .rdsProxy, .pgpool] {
            #expect(upstream.keepingPreparedStatements() == upstream)
        }
        for word in ["direct:prepared", "rdsproxy:prepared", "direct:session"] {
            #expect(throws: VernalError.self) {
                try EngineConfiguration(
                    environmentFor: nil,
                    environment: ["DATABASE_URL": "postgres://h/d", "VERNAL_UPSTREAM": word]
                )
            }
        }
    }

    @Test func `a wrong word is refused with the right ones`() {
        let failure = #expect(throws: VernalError.self) {
            try EngineConfiguration(environmentFor: nil, environment: ["VERNAL_UPSTREAM": "bouncer"])
        }
        #expect(failure?.message.contains("VERNAL_UPSTREAM") == true)
        #expect(failure?.message.contains("pgbouncer:session") == true)
    }

    @Test func `what the user says wins over what the address says, and is told apart from it`() async throws {
        var configuration = try read("postgres://u@h:6432/d")
        #expect(Engine(configuration: configuration).upstream.kind == "unknownPooler")
        configuration.upstream = Upstream.pgbouncer.pooling(.session)
        let engine = Engine(configuration: configuration)
        #expect(engine.upstream.kind == "pgbouncer")
        #expect(engine.upstream.mode == "session")
        #expect(engine.upstream.confidence == 1)
        #expect(engine.upstream.evidence == ["the setting upstream says so"])
        configuration.upstream = .direct
        configuration[connectionParameter: "host"] = "p.proxy-c1.eu-west-1.rds.amazonaws.com"
        let contradicted = Engine(configuration: configuration).upstream
        #expect(contradicted.kind == "rdsProxy")
        #expect(contradicted.contradiction != nil)
        #expect(Upstream.rdsProxy.pooling(.session) == .rdsProxy)
        #expect(Upstream.pgbouncer.pooling(.transaction).description == "pgbouncer")
    }
}
