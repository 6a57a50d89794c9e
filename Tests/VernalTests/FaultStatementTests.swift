import Foundation
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite(.serialized) struct `Large results and lost backends` {
        @Test func `a result of a million rows arrives whole`() async throws {
            try await withEngine { engine in
                let rows = try await engine.query("SELECT n FROM generate_series(1, 1000000) AS n")
                #expect(rows.count == 1_000_000)
                for index in [0, 1, 499_999, 999_999] {
                    #expect(try rows[index].decode(Int32.self) == Int32(index + 1))
                }
                #expect(engine.statistics.idle == 1)
            }
        }

        @Test func `a value of 100 MB goes there and comes back`() async throws {
            try await withEngine { engine in
                let size = 100_000_000
                var value = Data(repeating: 0x5A, count: size)
                for index in stride(from: 0, to: size, by: 1_000_003) {
                    value[index] = UInt8(truncatingIfNeeded: index)
                }
                let back = try await engine.query("SELECT \(value)::bytea").value(as: Data.self)
                #expect(back == value)
                #expect(engine.statistics.idle == 1)
            }
        }

        @Test func `a server that answers before it has read everything does not wedge`() async throws {
            // The first error comes while most of the parameter is still on its way.
            try await withEngine { engine in
                let value = Data(repeating: 1, count: 20_000_000)
                let error = try await #require(throws: VernalError.self) {
                    try await engine.query("SELEC \(value)::bytea", timeout: .seconds(20))
                }
                #expect(error.sqlState == .syntaxError)
                #expect(engine.statistics.idle == 1)
            }
        }

        @Test func `a backend that is ended in the middle of a statement gives connectionLost with 57P01`() async throws
        {
            let admin = try testEngine()
            try await withEngine { engine in
                let backend = try await engine.backend()
                let query = Task { try await engine.query("SELECT pg_sleep(30)") }
                try await eventually("the statement runs") {
                    try await admin.query("SELECT state = 'active' FROM pg_stat_activity WHERE pid = \(backend)")
                        .value(as: Bool.self)
                }
                _ = try await admin.query("SELECT pg_terminate_backend(\(backend)::int4)")
                let error = try await #require(throws: VernalError.self) { try await query.value }
                #expect(error.code == .connectionLost)
                #expect(error.sqlState == .adminShutdown)
                #expect(error.statementWasSent)
                #expect(error.isRetryable)
                #expect(try await engine.backend() != backend)
                #expect(engine.isAtRest)
            }
            await admin.dispose()
        }

        @Test func `a statement that the server cancels leaves its connection usable`() async throws {
            let admin = try testEngine()
            try await withEngine { engine in
                let backend = try await engine.backend()
                let query = Task { try await engine.query("SELECT pg_sleep(30)") }
                try await eventually("the statement runs") {
                    try await admin.query("SELECT state = 'active' FROM pg_stat_activity WHERE pid = \(backend)")
                        .value(as: Bool.self)
                }
                _ = try await admin.query("SELECT pg_cancel_backend(\(backend)::int4)")
                let error = try await #require(throws: VernalError.self) { try await query.value }
                #expect(error.code == .server)
                #expect(error.sqlState == .queryCanceled)
                #expect(try await engine.backend() == backend)
            }
            await admin.dispose()
        }
    }
}
