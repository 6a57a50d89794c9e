import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension `On a real server` {
    @Suite struct `The end of an engine` {
        // 143, 147, 148
        @Test func `waits for those who use a connection, then cancels what runs, then cuts`() async throws {
            try await withEngine { other in
                let engine = try testEngine()
                let isRunning = Gate()
                async let error = #expect(throws: VernalError.self) {
                    try await engine.withConnection { connection in
                        let backend = connection.backendPID
                        isRunning.open()
                        do {
                            try await connection.execute("SELECT pg_sleep(600)")
                        } catch let error as VernalError {
                            #expect(error.sqlState == .queryCanceled)
                            try await eventually("the server is done with it") { try await other.isIdle(backend) }
                        }
                        // Goes on in spite of everything.
                        try await connection.execute("SELECT pg_sleep(600)")
                    }
                }
                await isRunning.pass()
                try await eventually("the statement runs") { try await other.sleepers() == 1 }
                let begun = ContinuousClock.now
                await engine.dispose(grace: .milliseconds(800))
                #expect(ContinuousClock.now - begun < .seconds(3))
                #expect(await error != nil)
                try await eventually("the server is rid of it") { try await other.sleepers() == 0 }
                #expect(engine.status.open == 0)
            }
        }

        @Test func `gives its connection back before a freeze to a server that is too busy to answer`()
            async throws
        {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.mode = .drop
                    let took = await time { await engine.participant.willFreeze() }
                    #expect(took < .milliseconds(300))
                    #expect(engine.statistics.open == 0)
                    #expect(proxy.counts.cancelRequests == 0)
                }
            }
        }

        // The host's task is cancelled when the client closes its connection, which many do as soon as they have the answer.
        @Test func `keeps its connection before a freeze when the client goes meanwhile`() async throws {
            let hasGone = Gate()
            var hooks = EngineHooks()
            hooks.onEvent = { event in
                guard event.kind == .acquired, event.callSite?.fileID == "Vernal/ConnectionPool+Retention.swift" else {
                    return
                }
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                hasGone.open()
            }
            try await using(testEngine({ _ in }, hooks)) { engine in
                try await engine.execute("SELECT 1")
                async let freeze: Void = engine.participant.willFreeze()
                await hasGone.pass()
                await freeze
                #expect(engine.statistics.open == 1)
            }
        }

        // 177
        @Test func `within 300 ms closes what is idle and cancels what runs`() async throws {
            let engine = try testEngine({ $0.poolSize = 2 })
            try await engine.warmUp()
            let isRunning = Gate()
            async let error = #expect(throws: VernalError.self) {
                try await engine.withConnection { connection in
                    isRunning.open()
                    try await connection.execute("SELECT pg_sleep(600)")
                }
            }
            await isRunning.pass()
            try await withEngine { other in
                try await eventually("the statement runs") { try await other.sleepers() == 1 }
                let begun = ContinuousClock.now
                await engine.participant.willStop(by: begun + .milliseconds(300))
                #expect(ContinuousClock.now - begun < .seconds(2))
            }
            #expect(await error?.sqlState == .queryCanceled)
        }
    }

    @Suite(.serialized) struct `A process` {
        // 175
        @Test func `that was restored uses none of its old connections`() async throws {
            try await withEngine({ $0.poolSize = 2 }) { engine in
                let idle = try await engine.backend()
                await engine.participant.afterRestore()
                #expect(engine.status.open == 0)
                #expect(try await engine.backend() != idle)
                // One that is in use is lost at once: its socket is that of another time.
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withConnection { connection in
                        await processWasRestored()
                        try await connection.execute("SELECT 1")
                    }
                }
                #expect(error?.code == .connectionLost)
                try await engine.execute("SELECT 1")
            }
        }

        @Test func `that was forked says nothing over the connections of its parent`() async throws {
            try await withEngine { other in
                let engine = try testEngine()
                let backend = try await engine.backend()
                let unnamed = getEngine()
                let status = fork { () -> Int32 in
                    // The child: no other thread is here, so nothing may wait.
                    guard ForkGuard.generation > 0 else { return 1 }
                    engine.invalidateAll()  // Closes its copy of the socket.
                    guard engine.status.open == 0 else { return 2 }
                    guard getEngine("fork").status.open == 0 else { return 3 }
                    guard getEngine() !== unnamed else { return 4 }
                    guard getEngine() === getEngine() else { return 5 }
                    return 0
                }
                #expect(status == 0)
                #expect(try await other.sees(backend: backend))
                // The parent goes on over the same connection.
                #expect(try await engine.backend() == backend)
                #expect(getEngine() === unnamed)
                await engine.dispose()
            }
        }

        @Test func `that was forked lets go of its parent's connections when it asks for an engine of its own`() async {
            // In a process of its own, where nobody else opens or closes anything meanwhile.
            await #expect(processExitsWith: .success) {
                let backend = try await getEngine().backend()
                let status = fork { () -> Int32 in
                    let inherited = openDescriptors
                    guard getEngine().status.open == 0 else { return 1 }
                    return openDescriptors == inherited - 1 ? 0 : 2
                }
                try #require(status == 0)
                try #require(try await getEngine().backend() == backend)
                await getEngine().dispose()
            }
        }

        @Test func `that takes the name of its connections from the environment is not taken for one behind a pooler`()
            async
        {
            await #expect(processExitsWith: .success) {
                unsafe setenv("PGAPPNAME", "Supavisor", 1)
                let engine = try testEngine()
                let name = try await engine.query("SELECT current_setting('application_name')").value(as: String.self)
                try #require(name == "Supavisor")
                try #require(engine.upstream.kind == "direct")
                await engine.dispose()
            }
        }

        @Test func `in which an invocation runs under another host tells the engine so`() async throws {
            try await withEngine({ $0.retention = .release }) { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await withInvocation(deadline: .now + .milliseconds(600)) {
                        try await engine.execute("SELECT 1")
                        #expect(engine.status.idle == 1)
                        try await engine.execute("SELECT pg_sleep(600)")
                    }
                }
                #expect(error?.code == .timedOut)
                #expect(engine.status.open == 0, "given back when the invocation ended")
                let outer = try await withInvocation {
                    // The last of those that run at the same time counts.
                    try await withInvocation { try await engine.execute("SELECT 1") }
                    return engine.status.idle
                }
                #expect(outer == 1)
                #expect(engine.status.open == 0)
            }
        }
    }
}

extension Engine {
    fileprivate func sleepers() async throws -> Int {
        try await query(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600)%'"
        ).value(as: Int.self)
    }

    fileprivate func isIdle(_ backend: Int) async throws -> Bool {
        try await query("SELECT state = 'idle' FROM pg_stat_activity WHERE pid = \(backend)").value(as: Bool.self)
    }
}

private var openDescriptors: Int { (0..<1024).count { fcntl($0, F_GETFD) >= 0 } }

/// Runs a closure in a child process.
///
/// - Returns: the closure's result, which is the exit status of the child.
private func fork(_ body: () -> Int32) -> Int32 {
    // Swift hides the function, because little works in the child; that little is what is tested here.
    typealias Fork = @convention(c) () -> pid_t
    guard let symbol = unsafe dlsym(UnsafeMutableRawPointer(bitPattern: 0), "fork") else { return -1 }
    let fork = unsafe unsafeBitCast(symbol, to: Fork.self)
    let child = fork()
    if child == 0 { _exit(body()) }
    var status: Int32 = -1
    unsafe waitpid(child, &status, 0)
    return (status >> 8) & 0xff
}
