import Testing
import Vernal
import VernalTestKit

extension `On a real server` {
    @Suite struct `A network that fails` {
        @Test func `an address that swallows packets is given up when the connect time-out is over`() async throws {
            try await DeadEnds.withFullBacklog { port in
                let engine = try testEngine {
                    $0[connectionParameter: "host"] = "127.0.0.1"
                    $0[connectionParameter: "port"] = String(port)
                    $0.connectTimeout = .milliseconds(150)
                }
                let took = try await time {
                    let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                    #expect(error.code == .connectFailed || error.code == .timedOut)
                    #expect(error.wait == .connect)
                    #expect(error.isRetryable)
                }
                #expect(took >= .milliseconds(150))
                #expect(took < .seconds(1))
                #expect(engine.isAtRest)
                await engine.dispose()
            }
        }

        @Test func `an address that swallows packets is given up when the caller's deadline is over`() async throws {
            try await DeadEnds.withFullBacklog { port in
                let engine = try testEngine {
                    $0[connectionParameter: "host"] = "127.0.0.1"
                    $0[connectionParameter: "port"] = String(port)
                    $0.acquireTimeout = .milliseconds(150)
                }
                let took = try await time {
                    let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                    #expect(error.code == .timedOut)
                    #expect(error.wait == .connect)
                }
                #expect(took >= .milliseconds(150))
                #expect(took < .seconds(1))
                await engine.dispose()
            }
        }

        @Test func `a server that accepts and never answers is given up in time`() async throws {
            try await FaultProxy.run(.deaf) { proxy in
                try await using(try proxy.engine { $0.connectTimeout = .milliseconds(150) }) { engine in
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                        #expect(error.code == .connectFailed || error.code == .timedOut)
                        #expect(error.description.contains("no connection within"))
                    }
                    #expect(took < .seconds(1))
                    proxy.mode = .forward
                    #expect(try await engine.leasableConnections() == 1)
                }
            }
        }

        @Test func `a server that closes at once is an error at once`() async throws {
            try await FaultProxy.run(.closeAtOnce) { proxy in
                try await using(try proxy.engine()) { engine in
                    let took = try await time {
                        let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                        #expect(error.code == .connectFailed)
                    }
                    #expect(took < .seconds(1))
                    proxy.mode = .forward
                    #expect(try await engine.leasableConnections() == 1)
                }
            }
        }

        /// How much a server sends until a connection is made.
        private func handshakeLength() async throws -> Int {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await engine.withConnection { _ in proxy.counts.serverBytes }
                }
            }
        }

        @Test func `a server that closes anywhere in the handshake is an error at once and never a hang`() async throws
        {
            let length = try await handshakeLength()
            #expect(length > 100)
            for limit in Set([0, 1, 2, 5, 9, 10, 24, 40] + Array(stride(from: 50, to: length, by: 37)) + [length - 1])
                .sorted()
            {
                try await FaultProxy.run(.closeAfter(serverBytes: limit)) { proxy in
                    try await using(try proxy.engine { $0.acquireTimeout = .seconds(3) }) { engine in
                        let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                        #expect(error.code == .connectFailed, "closed after \(limit) bytes")
                        #expect(engine.isAtRest)
                        proxy.mode = .forward
                        try await engine.execute("SELECT 1")
                    }
                }
            }
        }

        @Test func `a server that stalls anywhere in the handshake is given up in time`() async throws {
            let length = try await handshakeLength()
            for limit in [1, 10, 40, length - 1] {
                try await FaultProxy.run(.stallAfter(serverBytes: limit)) { proxy in
                    try await using(try proxy.engine { $0.connectTimeout = .milliseconds(250) }) { engine in
                        let took = try await time {
                            _ = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                        }
                        #expect(took < .seconds(1), "stalled after \(limit) bytes")
                        #expect(engine.isAtRest)
                        proxy.mode = .forward
                        try await engine.execute("SELECT 1")
                    }
                }
            }
        }

        @Test func `a refusal of a pooler in the handshake is told with its SQLSTATE`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    proxy.when(
                        clientSends: "client_encoding",
                        .answerThenClose(ServerSays.error("08P01", "bad packet header"))
                    )
                    let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                    #expect(error.code == .connectFailed)
                    #expect(error.sqlState == .protocolViolation)
                    #expect(error.description.contains("bad packet header"))
                }
            }
        }

        @Test func `a connection that was reset while it was idle is replaced without an error`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.pingBypass = .zero }) { engine in
                    for _ in 0..<3 {
                        try await engine.execute("SELECT 1")
                        await proxy.resetAll()
                        try await engine.execute("SELECT 1")
                        await proxy.closeAll()
                        try await engine.execute("SELECT 1")
                        await proxy.halfCloseAll()
                    }
                    #expect(engine.statistics.losses == 8)
                }
            }
        }

        @Test func `an idle connection whose network went silent is found by the ping, within its bound`() async throws
        {
            try await FaultProxy.run { proxy in
                let engine = try proxy.engine {
                    $0.pingBypass = .zero
                    $0.pingIdleAge = .zero
                    $0.pingTimeout = .milliseconds(100)
                }
                try await using(engine) { engine in
                    let backend = try await engine.backend()
                    #expect(try await engine.backend() == backend)
                    // The ping is a simple query without text.
                    proxy.when(clientSends: "Q\u{0}\u{0}\u{0}\u{5}\u{0}", .discard)
                    let took = try await time {
                        let next = try await engine.backend()
                        #expect(next != backend)
                    }
                    #expect(took >= .milliseconds(100))
                    #expect(took < .seconds(1))
                    #expect(engine.statistics.losses == 1)
                    #expect(proxy.counts.cancelRequests == 0)
                }
            }
        }

        @Test(arguments: [FaultProxy.Reaction.close, .reset, .discard, .forwardThenClose, .forwardThenDrop])
        func `a connection that is lost in the middle of a statement is an error and is not used again`(
            reaction: FaultProxy.Reaction
        ) async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine { $0.cancelTimeout = .milliseconds(50) }) { engine in
                    try await engine.execute("SELECT 1")
                    proxy.when(clientSends: "'marker'", reaction)
                    if case .discard = reaction { proxy.mode = .forward }
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.query("SELECT 'marker'", timeout: .milliseconds(200))
                    }
                    #expect(error.statementWasSent)
                    switch reaction {
                    case .discard, .forwardThenDrop: #expect(error.code == .timedOut)
                    default: #expect(error.code == .connectionLost)
                    }
                    proxy.mode = .forward
                    #expect(try await engine.leasableConnections() == 1)
                    #expect(engine.isAtRest)
                }
            }
        }

        @Test func `the answer of a statement that is cut off anywhere is an error and never a hang`() async throws {
            let length = try await handshakeLength()
            for extra in [1, 2, 6, 30, 1000, 20_000] {
                try await FaultProxy.run(.closeAfter(serverBytes: length + extra)) { proxy in
                    try await using(try proxy.engine()) { engine in
                        let error = try await #require(throws: VernalError.self) {
                            try await engine.query(
                                "SELECT repeat('x', 100) FROM generate_series(1, 1000)",
                                timeout: .seconds(3)
                            )
                        }
                        #expect(error.code == .connectionLost, "cut off after \(extra) bytes")
                        proxy.mode = .forward
                        let lent = try await engine.leasableConnections()
                        #expect(lent == 1)
                    }
                }
            }
        }
    }
}
