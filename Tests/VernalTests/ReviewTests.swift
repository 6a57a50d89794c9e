import InvocationLifecycle
import Testing
import Vernal
import VernalTestKit

/// What a review found, each once a failing test.
@Suite(.serialized) struct `A second look found that` {
    @Test func `a savepoint whose closure was cancelled keeps nothing`() async throws {
        try await withEngine {
            $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
        } _: { engine in
            try await engine.execute("CREATE TEMP TABLE kept (n int)")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await engine.withTransaction { outer in
                        try await outer.execute("INSERT INTO kept VALUES (1)")
                        try? await outer.withTransaction { inner in
                            try await inner.execute("INSERT INTO kept VALUES (2)")
                            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                        }
                    }
                }
            }
            let kept = try await engine.query("SELECT n FROM kept").decode(Int.self)
            #expect(!kept.contains(2))
        }
    }

    @Test func `a size in the URL counts more than what the platform announces`() throws {
        let environment = [
            "DATABASE_URL": "postgres://u@h/d?connection_limit=1", "AWS_LAMBDA_MAX_CONCURRENCY": "10",
        ]
        #expect(try EngineConfiguration(environment: environment).poolSize == 1)
        #expect(try EngineConfiguration(environment: ["AWS_LAMBDA_MAX_CONCURRENCY": "10"]).poolSize == 10)
    }

    @Test func `what a function raises is in no description`() async throws {
        try await withEngine { engine in
            let error = await #expect(throws: VernalError.self) {
                try await engine.execute("DO $$ BEGIN RAISE EXCEPTION 'no user %', 'ada@example.com'; END $$")
            }
            #expect(error?.serverMessage == "no user ada@example.com")
            #expect(error?.description.contains("ada") == false)
            #expect(error?.sqlState == "P0001")
        }
    }

    @Test func `warming up does not use a connection up`() async throws {
        try await withEngine({
            $0.minConnections = 1
            $0.maxUses = 1
        }) { engine in
            try await engine.warmUp()
            #expect(engine.statistics.idle == 1)
            #expect(engine.statistics.connects == 1)
        }
    }

    @Test func `a deadline that has passed costs no connection`() async throws {
        try await withEngine({ $0.pingIdleAge = .zero }) { engine in
            _ = try await engine.query("SELECT 1")
            let error = await #expect(throws: VernalError.self) {
                try await engine.withConnection(acquireTimeout: .zero) { _ in }
            }
            #expect(error?.isRetryable == true)
            #expect(engine.statistics.idle == 1)
            #expect(engine.statistics.connects == 1)
        }
    }

    @Test func `those who wait for a connect are told what the one who connects is told`() async throws {
        try await FaultProxy.run { proxy in
            var configuration = try EngineConfiguration(url: TestDatabase.url)
            configuration[connectionParameter: "host"] = "127.0.0.1"
            configuration[connectionParameter: "port"] = "\(proxy.port)"
            configuration[connectionParameter: "password"] = "wrong"
            let engine = Engine(configuration: configuration)
            proxy.mode = .hold
            await withTaskGroup(of: VernalError.Code?.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        do {
                            _ = try await engine.query("SELECT 1")
                            return nil
                        } catch { return (error as? VernalError)?.code }
                    }
                }
                try? await eventually("four wait") { engine.statistics.waiting == 4 }
                proxy.mode = .forward
                for await code in group { #expect(code == .authenticationFailed) }
            }
            await engine.dispose()
        }
    }
}
