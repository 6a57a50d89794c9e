import Testing
import Vernal
import VernalTestKit

/// The error with which a configuration is refused.
private func refusal(_ body: () throws -> Void) throws -> VernalError {
    let error = try #require(throws: VernalError.self) { try body() }
    #expect(error.code == .configuration)
    #expect(!error.isRetryable)
    return error
}

private func configuration(
    _ environment: [String: String],
    name: String? = nil
) throws(VernalError) -> EngineConfiguration {
    try EngineConfiguration(environmentFor: name, environment: environment)
}

@Suite struct `The configuration from the environment` {
    @Test func `has the defaults that are documented`() throws {
        let found = try configuration([:])
        #expect(found == EngineConfiguration())
        #expect(found.minConnections == 0)
        #expect(found.poolSize == 1)
        #expect(found.maxOverflow == 0)
        #expect(found.maxWaiters == 32)
        #expect(found.acquireTimeout == .seconds(5))
        #expect(found.connectTimeout == .seconds(3))
        #expect(found.invocationMargin == .milliseconds(250))
        #expect(found.pingBypass == .milliseconds(500))
        #expect(found.pingIdleAge == .seconds(30))
        #expect(found.pingTimeout == .milliseconds(250))
        #expect(found.idleTimeout == .seconds(60))
        #expect(found.idleSessionTimeout == nil)
        #expect(found.hardIdleLimit == .seconds(300))
        #expect(found.maxLifetime == .seconds(900))
        #expect(found.connectBurst == nil)
        #expect(found.connectRate == 5)
        #expect(found.firstConnectWindow == .zero)
        #expect(found.connectConcurrency == 2)
        #expect(found.fleetSize == nil && found.serverConnectRate == nil)
        #expect(found.acquireRetry == .patient)
        #expect(found.upstream == nil)
        #expect(found.retention == .adaptive)
        try found.validate()
    }

    @Test func `reads every variable`() throws {
        let found = try configuration([
            "DATABASE_URL": "postgres://u:p@h:6543/d?sslmode=require",
            "VERNAL_POOL_SIZE": "7", "VERNAL_MAX_OVERFLOW": "2", "VERNAL_MIN_CONNECTIONS": "3",
            "VERNAL_MAX_WAITERS": "9",
            "VERNAL_ACQUIRE_TIMEOUT": "250ms", "VERNAL_CONNECT_TIMEOUT": "1.5s", "VERNAL_IDLE_TIMEOUT": "2m",
            "VERNAL_IDLE_SESSION_TIMEOUT": "5m",
            "VERNAL_MAX_LIFETIME": "1h", "VERNAL_CONNECT_BURST": "4", "VERNAL_CONNECT_RATE": "0.5",
            "VERNAL_CONNECT_CONCURRENCY": "6", "VERNAL_FLEET_SIZE": "3000", "VERNAL_SERVER_CONNECT_RATE": "250.5",
            "VERNAL_ACQUIRE_RETRY": "never",
            "VERNAL_FIRST_CONNECT_WINDOW": "3", "VERNAL_RETENTION": "release", "VERNAL_UPSTREAM": "pgbouncer",
        ])
        #expect(found[connectionParameter: "host"] == "h")
        #expect(found[connectionParameter: "port"] == "6543")
        #expect(found[connectionParameter: "user"] == "u")
        #expect(found[connectionParameter: "password"] == "p")
        #expect(found[connectionParameter: "dbname"] == "d")
        #expect(found[connectionParameter: "sslmode"] == "require")
        #expect(found.poolSize == 7)
        #expect(found.maxOverflow == 2)
        #expect(found.minConnections == 3)
        #expect(found.maxWaiters == 9)
        #expect(found.acquireTimeout == .milliseconds(250))
        #expect(found.connectTimeout == .milliseconds(1500))
        #expect(found.idleTimeout == .seconds(120))
        #expect(found.idleSessionTimeout == .seconds(300))
        #expect(found.maxLifetime == .seconds(3600))
        #expect(found.connectBurst == 4)
        #expect(found.connectRate == 0.5)
        #expect(found.firstConnectWindow == .seconds(3))
        #expect(found.connectConcurrency == 6)
        #expect(found.fleetSize == 3000)
        #expect(found.serverConnectRate == 250.5)
        #expect(found.acquireRetry == .never)
        #expect(found.retention == .release)
        #expect(found.upstream == .pgbouncer)
        try found.validate()
    }

    @Test(arguments: [
        ("VERNAL_POOL_SIZE", "many"), ("VERNAL_POOL_SIZE", "1.5"), ("VERNAL_MAX_OVERFLOW", "0x10"),
        ("VERNAL_MIN_CONNECTIONS", "1e3"), ("VERNAL_MAX_WAITERS", "99999999999999999999"),
        ("VERNAL_ACQUIRE_TIMEOUT", "soon"), ("VERNAL_ACQUIRE_TIMEOUT", "5 s"), ("VERNAL_ACQUIRE_TIMEOUT", "-5s"),
        ("VERNAL_ACQUIRE_TIMEOUT", "nan"), ("VERNAL_ACQUIRE_TIMEOUT", "infinity"), ("VERNAL_ACQUIRE_TIMEOUT", "5d"),
        ("VERNAL_CONNECT_TIMEOUT", "ms"), ("VERNAL_CONNECT_TIMEOUT", "1.2.3s"), ("VERNAL_CONNECT_TIMEOUT", "."),
        ("VERNAL_IDLE_TIMEOUT", "1e9"), ("VERNAL_IDLE_TIMEOUT", "99999999999999999999h"),
        ("VERNAL_IDLE_SESSION_TIMEOUT", "-1s"), ("VERNAL_IDLE_SESSION_TIMEOUT", "off"),
        ("VERNAL_MAX_LIFETIME", "5s5s"), ("VERNAL_CONNECT_BURST", ""), ("VERNAL_CONNECT_BURST", "two"),
        ("VERNAL_CONNECT_CONCURRENCY", "two"), ("VERNAL_FLEET_SIZE", "1e3"), ("VERNAL_SERVER_CONNECT_RATE", "nan"),
        ("VERNAL_ACQUIRE_RETRY", "always"), ("VERNAL_CONNECT_RATE", "fast"), ("VERNAL_CONNECT_RATE", "nan"),
        ("VERNAL_CONNECT_RATE", "inf"),
        ("VERNAL_FIRST_CONNECT_WINDOW", "½s"), ("VERNAL_RETENTION", "forever"), ("VERNAL_UPSTREAM", "oracle"),
    ])
    func `names the variable that it cannot read`(name: String, value: String) throws {
        // An empty variable counts as one that is not set.
        if value.isEmpty {
            #expect(try configuration([name: value]) == EngineConfiguration())
            return
        }
        let error = try refusal { _ = try configuration([name: value]) }
        #expect(error.description.contains(name))
        #expect(error.description.contains(value))
    }

    @Test(arguments: [
        (["VERNAL_POOL_SIZE": "0"], "poolSize"), (["VERNAL_POOL_SIZE": "-1"], "poolSize"),
        (["VERNAL_POOL_SIZE": "1001"], "poolSize"), (["VERNAL_MAX_OVERFLOW": "-1"], "maxOverflow"),
        (["VERNAL_MIN_CONNECTIONS": "-1"], "minConnections"), (["VERNAL_MIN_CONNECTIONS": "2"], "minConnections"),
        (["VERNAL_MAX_WAITERS": "-1"], "maxWaiters"), (["VERNAL_ACQUIRE_TIMEOUT": "0"], "acquireTimeout"),
        (["VERNAL_CONNECT_TIMEOUT": "0s"], "connectTimeout"), (["VERNAL_IDLE_TIMEOUT": "0ms"], "idleTimeout"),
        (["VERNAL_IDLE_SESSION_TIMEOUT": "0"], "idleSessionTimeout"),
        (["VERNAL_IDLE_SESSION_TIMEOUT": "999ms"], "idleSessionTimeout"),
        (["VERNAL_IDLE_SESSION_TIMEOUT": "2147483648ms"], "idleSessionTimeout"),
        (["VERNAL_MAX_LIFETIME": "0"], "maxLifetime"), (["VERNAL_CONNECT_BURST": "0"], "connectBurst"),
        (["VERNAL_CONNECT_CONCURRENCY": "0"], "connectConcurrency"), (["VERNAL_FLEET_SIZE": "0"], "fleetSize"),
        (["VERNAL_SERVER_CONNECT_RATE": "0"], "serverConnectRate"), (["VERNAL_CONNECT_RATE": "0"], "connectRate"),
        (["VERNAL_CONNECT_RATE": "-2"], "connectRate"),
        (["VERNAL_MAX_LIFETIME": "2000000h"], "maxLifetime"),
        (["VERNAL_STATEMENT_CACHE_SIZE": "-1"], "statementCacheSize"),
        (["VERNAL_LEAK_THRESHOLD": "0"], "leakThreshold"),
        (["VERNAL_MAX_TRANSACTION_DURATION": "0"], "maxTransactionDuration"),
        (["VERNAL_FIRST_CONNECT_WINDOW": "2000000h"], "firstConnectWindow"),
        (["VERNAL_POOL_SIZE": "1", "VERNAL_MIN_CONNECTIONS": "2"], "minConnections"),
    ])
    func `names the number that makes no sense`(environment: [String: String], setting: String) async throws {
        let found = try configuration(environment)
        let error = try refusal { try found.validate() }
        #expect(error.description.contains(setting))
        // Whoever has set a variable looks for its name.
        for variable in environment.keys { #expect(error.description.contains("(\(variable))")) }
        // The engine can be made, and tells at its first use.
        let engine = Engine(configuration: found)
        let late = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
        #expect(late.code == .configuration)
        #expect(late.description == error.description)
        #expect(engine.statistics == EngineStatisticsProbe.empty)
        await engine.dispose()
    }

    @Test func `about a fleet that makes no sense is refused by its name`() throws {
        let changes: [(name: String, change: (inout EngineConfiguration) -> Void)] = [
            ("connectConcurrency", { $0.connectConcurrency = 0 }), ("fleetSize", { $0.fleetSize = 0 }),
            ("serverConnectRate", { $0.serverConnectRate = 0 }), ("serverConnectRate", { $0.serverConnectRate = .nan }),
            ("serverConnectRate", { $0.serverConnectRate = -.infinity }),
            ("firstConnectWindow", { $0.firstConnectWindow = .seconds(-1) }),
            ("idleSessionTimeout", { $0.idleSessionTimeout = .seconds(-1) }),
        ]
        for (name, change) in changes {
            var wrong = try configuration(["DATABASE_URL": "postgres://h/d"])
            change(&wrong)
            let error = try refusal { try wrong.validate() }
            #expect(error.description.contains(name))
        }
        var right = try configuration(["DATABASE_URL": "postgres://h/d"])
        right.connectConcurrency = nil
        right.fleetSize = 1000
        right.serverConnectRate = 100
        right.idleSessionTimeout = .milliseconds(2_147_483_647)
        try right.validate()
    }

    @Test func `wins over the options of the URL`() throws {
        let found = try configuration([
            "DATABASE_URL": "postgres://h/d?pool_size=3&max_overflow=4&pool_timeout=9&pgbouncer=true",
            "VERNAL_POOL_SIZE": "5", "VERNAL_ACQUIRE_TIMEOUT": "1", "VERNAL_UPSTREAM": "auto",
        ])
        #expect(found.poolSize == 5)
        #expect(found.maxOverflow == 4)
        #expect(found.acquireTimeout == .seconds(1))
        #expect(found.upstream == nil)
    }

    @Test func `has variables of their own for named engines, which win over those for all`() throws {
        let environment = [
            "DATABASE_URL": "postgres://main/d", "DATABASE_URL_REPORTS": "postgres://reports/d",
            "DATABASE_URL_MY_REPORTS_2": "postgres://second/d",
            "VERNAL_POOL_SIZE": "2", "VERNAL_POOL_SIZE_REPORTS": "6", "VERNAL_MAX_WAITERS": "11",
        ]
        #expect(try configuration(environment)[connectionParameter: "host"] == "main")
        #expect(try configuration(environment).poolSize == 2)
        let reports = try configuration(environment, name: "reports")
        #expect(reports[connectionParameter: "host"] == "reports")
        #expect(reports.poolSize == 6)
        #expect(reports.maxWaiters == 11)
        #expect(try configuration(environment, name: "my-reports.2")[connectionParameter: "host"] == "second")
        let error = try refusal { _ = try configuration(environment, name: "absent") }
        #expect(error.description.contains("DATABASE_URL_ABSENT"))
        #expect(error.description.contains("absent"))
    }

    @Test func `takes the number of concurrent invocations that the platform announces, up to a cap`() throws {
        #expect(try configuration(["AWS_LAMBDA_MAX_CONCURRENCY": "4"]).poolSize == 4)
        #expect(try configuration(["AWS_LAMBDA_MAX_CONCURRENCY": "64"]).poolSize == 10)
        #expect(try configuration(["AWS_LAMBDA_MAX_CONCURRENCY": "0"]).poolSize == 1)
        #expect(try configuration(["AWS_LAMBDA_MAX_CONCURRENCY": "x"]).poolSize == 1)
        #expect(try configuration(["AWS_LAMBDA_MAX_CONCURRENCY": "4", "VERNAL_POOL_SIZE": "1"]).poolSize == 1)
    }

    @Test func `says which variable has the connection string that is wrong`() throws {
        let error = try refusal { _ = try configuration(["DATABASE_URL": "mysql://u:p@h/d"]) }
        #expect(error.description.contains("DATABASE_URL"))
        #expect(error.description.contains("postgres://"))
        #expect(throws: VernalError.self) {
            try EngineConfiguration(environmentFor: "b", environment: ["DATABASE_URL_B": "postgres://h/d?colour=red"])
        }
    }

    @Test func `ignores white space around a value`() throws {
        let found = try configuration(["DATABASE_URL": " postgres://h/d\n", "VERNAL_POOL_SIZE": " 3 "])
        #expect(found[connectionParameter: "dbname"] == "d")
        #expect(found.poolSize == 3)
    }
}

private enum EngineStatisticsProbe {
    /// What an engine says that never got as far as a pool.
    static var empty: EngineStatistics {
        var configuration = EngineConfiguration()
        configuration.poolSize = 0
        return Engine(configuration: configuration).statistics
    }
}

@Suite struct `The configuration from a URL` {
    @Test(arguments: ["postgres", "postgresql", "postgresql+psycopg", "postgres+asyncpg"])
    func `may name the scheme as other stacks do`(scheme: String) throws {
        let found = try EngineConfiguration(url: "\(scheme)://u:p@h:1/d")
        #expect(found[connectionParameter: "host"] == "h")
        #expect(found[connectionParameter: "password"] == "p")
    }

    @Test func `takes the options of other stacks out before libpq sees them`() throws {
        let found = try EngineConfiguration(
            url: "postgres://h/d?pool_size=5&sslmode=disable&max_overflow=10&pool_timeout=7&pool_recycle=600"
                + "&pool_pre_ping=True&pgbouncer=true&connect_timeout=4"
        )
        #expect(found.poolSize == 5)
        #expect(found.maxOverflow == 10)
        #expect(found.acquireTimeout == .seconds(7))
        #expect(found.maxLifetime == .seconds(600))
        #expect(found.pingBypass == .zero)
        #expect(found.pingIdleAge == .zero)
        #expect(found.upstream == .pgbouncer)
        #expect(found.connectTimeout == .seconds(4))
        #expect(found[connectionParameter: "sslmode"] == "disable")
        #expect(found[connectionParameter: "connect_timeout"] == nil)
        #expect(try EngineConfiguration(url: "postgres://h/d?connection_limit=2").poolSize == 2)
        #expect(try EngineConfiguration(url: "postgres://h/d?pool_recycle=-1").maxLifetime > .seconds(86_400))
        #expect(try EngineConfiguration(url: "postgres://h/d?pool_pre_ping=0").pingIdleAge == .seconds(30))
        #expect(try EngineConfiguration(url: "postgres://h/d?connect_timeout=0").connectTimeout > .seconds(86_400))
    }

    @Test(arguments: [
        "pool_size=lots", "pool_size=", "max_overflow=1.5", "pool_timeout=soon", "pool_recycle=x",
        "pool_pre_ping=maybe",
        "connection_limit=none", "pgbouncer=perhaps", "connect_timeout=1.5", "colour=red", "statement_cache=5",
        "pool_size", "POOL_SIZE=3",
    ])
    func `names the option that it does not know or cannot read`(option: String) throws {
        let error = try refusal { _ = try EngineConfiguration(url: "postgres://u:p@h/d?\(option)") }
        let name = option.prefix { $0 != "=" }
        #expect(error.description.contains(name), "\(error)")
    }

    @Test func `says which options there are when it is asked for another stack's`() throws {
        let error = try refusal { _ = try EngineConfiguration(url: "postgres://u:p@h/d?schema=public") }
        #expect(error.description.contains("\"schema\""))
        #expect(error.description.contains("connection_limit"))
    }

    @Test(arguments: [
        "", "   ", "h", "postgres:", "postgres:/h/d", "mysql://h/d", "http://h/d", "postgres://[::1/d",
        "postgres://h:x/d",
        "postgres://u:%zz@h/d", "postgres://u:%00@h/d", "postgres://h/d?sslmode", "postgres://h/d?a=b=c", "host",
        "host=h port", "host='h", "postgres://h/d?sslmode=disable=x", "postgres://u:p@ss@h/d", "postgres://u:p/w@h/d",
        "://h/d", "postgres", "\u{0}", "postgres://h/\u{0}",
    ])
    func `refuses what is none`(url: String) throws {
        let error = try refusal { _ = try EngineConfiguration(url: url) }
        #expect(!error.description.isEmpty)
    }

    @Test func `reads the pairs of keywords and values that libpq reads`() throws {
        let found = try EngineConfiguration(url: "host=h port=5 dbname='a b' user=u password='it\\'s'")
        #expect(found[connectionParameter: "host"] == "h")
        #expect(found[connectionParameter: "dbname"] == "a b")
        #expect(found[connectionParameter: "password"] == "it's")
    }

    @Test func `may have a question mark in its password`() throws {
        let found = try EngineConfiguration(url: "postgres://u:what?pool_size=9@h/d?pool_size=2")
        #expect(found[connectionParameter: "password"] == "what?pool_size=9")
        #expect(found.poolSize == 2)
    }

    @Test func `is taken apart at the bytes at which libpq takes it apart, whatever marks stand behind them`() throws {
        let found = try EngineConfiguration(url: "postgres://u:p@\u{301}h,i:7/d?pool_size=2")
        #expect(found[connectionParameter: "user"] == "u")
        #expect(found[connectionParameter: "password"] == "p")
        #expect(found[connectionParameter: "host"] == "\u{301}h,i")
        #expect(found.poolSize == 2)
        #expect(throws: VernalError.self) { try EngineConfiguration(url: "postgres://u:a@b@\u{301}h/d") }
        #expect(throws: VernalError.self) { try EngineConfiguration(url: "postgres://h:\u{301}1/d") }
    }

    @Test func `may have all that a URL can have`() throws {
        let found = try EngineConfiguration(
            url: "postgres://u%40t:p%3Aw%2F%3F%23@[::1]:7/d%20b?application_name=a%26b&sslmode=disable"
        )
        #expect(found[connectionParameter: "user"] == "u@t")
        #expect(found[connectionParameter: "password"] == "p:w/?#")
        #expect(found[connectionParameter: "host"] == "::1")
        #expect(found[connectionParameter: "dbname"] == "d b")
        #expect(found[connectionParameter: "application_name"] == "a&b")
        let several = try EngineConfiguration(url: "postgres://a:1,b:2/d?target_session_attrs=any")
        #expect(several[connectionParameter: "host"] == "a,b")
        #expect(several[connectionParameter: "port"] == "1,2")
        let bare = try EngineConfiguration(url: "postgres://")
        #expect(bare[connectionParameter: "host"] == nil)
        let socket = try EngineConfiguration(url: "postgres://%2Ftmp%2Fa/d?host=")
        #expect(socket[connectionParameter: "dbname"] == "d")
    }
}
