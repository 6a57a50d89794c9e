import EmbeddedPostgres
import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `What is left when a connection goes` {
        // Scenario 48: none is left, nobody asks anew, and somebody waits.
        @Test(arguments: [1, 5])
        func `when the last connection dies, whoever waits gets another`(waiters: Int) async throws {
            try await withEngine { engine in
                let isHeld = Gate()
                let letGo = Gate()
                let holder = Task {
                    try await engine.withConnection { connection in
                        isHeld.open()
                        await letGo.pass()
                        try await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                    }
                }
                await isHeld.pass()
                let others = (0..<waiters).map { _ in Task { try await engine.withConnection { $0.epoch } } }
                try await eventually("they wait") { engine.statistics.waiting == waiters }
                letGo.open()
                let error = try await #require(throws: VernalError.self) { try await holder.value }
                #expect(error.code == .connectionLost)
                for other in others { #expect(try await other.value == 2) }
                #expect(engine.statistics.connects == 2)
                #expect(engine.isAtRest)
            }
        }

        // Scenario 167: TLS 1.3 sends tickets after the handshake, and notifications come when they like.
        @Test(arguments: [false, true])
        func `with something to read is lent again, encrypted or not`(isEncrypted: Bool) async throws {
            let server = try await EmbeddedPostgresServer.start(EmbeddedPostgresOptions(tls: isEncrypted))
            var configuration = try EngineConfiguration(url: server.url)
            configuration.pingBypass = .zero
            configuration.connectRate = 1000
            let other = Engine(configuration: configuration)
            try await using(Engine(configuration: configuration)) { engine in
                let backend = try await engine.withConnection { connection in
                    #expect(connection.isEncrypted == isEncrypted)
                    return connection.backendPID
                }
                for _ in 0..<5 {
                    let next = try await engine.withConnection { connection in connection.backendPID }
                    #expect(next == backend)
                }
                try await engine.execute("LISTEN news")
                for number in 0..<5 {
                    try await other.execute("SELECT pg_notify('news', \("something to read, \(number)"))")
                    #expect(try await engine.query("SELECT pg_backend_pid()").value(as: Int.self) == backend)
                }
                #expect(engine.statistics.connects == 1)
                #expect(engine.statistics.losses == 0)
            }
            await other.dispose()
            try await server.remove()
        }
    }
}
