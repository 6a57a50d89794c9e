import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A connection that is held for too long` {
        // 134
        @Test func `is reported with the place in the source, and withdrawn when it comes back`() async throws {
            let log = EventLog()
            try await using(testEngine({ $0.leakThreshold = .milliseconds(20) }, log.hooks)) { engine in
                try await engine.withConnection { _ in
                    let line = #line - 1
                    try await eventually("it is overdue") {
                        // Whoever waits looks around.
                        await #expect(throws: VernalError.self) {
                            try await Task.detached {
                                try await engine.withConnection(acquireTimeout: .milliseconds(5)) { _ in }
                            }.value
                        }
                        return engine.statistics.leaks == 1
                    }
                    let leak = try #require(log.events(.leaked).first)
                    #expect(leak.callSite?.description == "VernalTests/LeakTests.swift:\(line)")
                    #expect(try #require(leak.duration) > .milliseconds(20))
                    #expect(engine.statistics.leaksWithdrawn == 0)
                }
                #expect(log.events(.leaked).count == 1)
                #expect(log.events(.leakWithdrawn).count == 1)
                #expect(engine.statistics.leaksWithdrawn == 1)
                #expect(engine.isAtRest)
            }
        }

        // 174
        @Test func `when the invocation ends is reported, and closed when it comes back`() async throws {
            let log = EventLog()
            try await using(testEngine({ _ in }, log.hooks)) { engine in
                let backend = try await engine.backend()
                try await engine.withConnection { connection in
                    await engine.participant.willFreeze()
                    #expect(log.events(.leaked).count == 1)
                    #expect(log.events(.leaked).first?.callSite?.fileID == "VernalTests/LeakTests.swift")
                    // Left to its holder, and not reported again.
                    try await connection.execute("SELECT 1")
                    await engine.participant.willFreeze()
                    #expect(log.events(.leaked).count == 1)
                }
                #expect(engine.status.open == 0)
                #expect(engine.statistics.evictions.invalidated == 1)
                #expect(try await engine.backend() != backend)
            }
        }

        @Test func `when the process is to be frozen is cut, and the server rolls back`() async throws {
            try await withEngine { other in
                try await withEngine {
                    $0.forgottenLeases = .cut
                } _: { engine in
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.withTransaction { connection in
                            try await connection.execute("SELECT pg_advisory_xact_lock(174)")
                            let isFree = try await other.canLock(174)
                            #expect(!isFree)
                            await engine.participant.willFreeze()
                            try await eventually("the server let go of the lock") { try await other.canLock(174) }
                            try await connection.execute("SELECT 1")
                        }
                    }
                    #expect(error.code == .connectionLost)
                    #expect(try await engine.query("SELECT 1::int8").value(as: Int.self) == 1)
                }
            }
        }

        @Test func `is no leak when nothing says how long is too long`() async throws {
            let log = EventLog()
            try await using(testEngine({ $0.leakThreshold = nil }, log.hooks)) { engine in
                try await engine.withConnection { _ in
                    _ = try? await Task.detached {
                        try await engine.withConnection(acquireTimeout: .milliseconds(30)) { _ in }
                    }.value
                }
                #expect(log.events(.leaked).isEmpty)
            }
        }
    }
}

extension Engine {
    fileprivate func canLock(_ number: Int) async throws -> Bool {
        try await withTransaction { connection in
            try await connection.query("SELECT pg_try_advisory_xact_lock(\(number))").value(as: Bool.self)
        }
    }
}
