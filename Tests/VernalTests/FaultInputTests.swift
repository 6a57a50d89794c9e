import Foundation
import Testing
import Vernal
import VernalTestKit

/// Runs one statement and returns the error that it must end with.
private func refusal(_ change: (inout EngineConfiguration) throws -> Void) async throws -> VernalError {
    var configuration = try EngineConfiguration(url: TestDatabase.url)
    configuration.connectRate = 1000
    try change(&configuration)
    return try await using(Engine(configuration: configuration)) { engine in
        let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
        #expect(engine.isAtRest)
        return error
    }
}

extension `On a real server` {
    @Suite struct `Bad input` {
        @Test func `a wrong password is refused at once with 28P01, and is no time-out`() async throws {
            let took = try await time {
                let error = try await refusal { $0[connectionParameter: "password"] = "not the password" }
                #expect(error.code == .authenticationFailed)
                #expect(error.sqlState == .invalidPassword)
                #expect(!error.isRetryable)
                #expect(!error.description.contains("not the password"))
            }
            #expect(took < .seconds(2))
        }

        @Test func `waiters behind a wrong password are told as well, and at once`() async throws {
            let engine = try testEngine { $0[connectionParameter: "password"] = "not the password" }
            let took = await time {
                let codes = await withTaskGroup(of: VernalError.Code?.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            do {
                                _ = try await engine.query("SELECT 1")
                                return nil
                            } catch {
                                return (error as? VernalError)?.code
                            }
                        }
                    }
                    return await group.reduce(into: [VernalError.Code?]()) { $0.append($1) }
                }
                #expect(codes.count == 8)
                #expect(codes.allSatisfy { $0 == .authenticationFailed || $0 == .connectFailed })
            }
            #expect(took < .seconds(3))
            await engine.dispose()
        }

        @Test func `an unknown database is refused with 3D000`() async throws {
            let error = try await refusal { $0[connectionParameter: "dbname"] = "there_is_no_such_database" }
            #expect(error.code == .authenticationFailed)
            #expect(error.sqlState == .undefinedDatabase)
            #expect(error.description.contains("there_is_no_such_database"))
        }

        @Test func `an unknown user is refused`() async throws {
            let error = try await refusal { $0[connectionParameter: "user"] = "there_is_no_such_user" }
            #expect(error.code == .authenticationFailed)
            #expect(error.sqlState?.errorClass == "28")
        }

        @Test func `a password with reserved characters works when it is percent-encoded`() async throws {
            let password = "p@ss:w/o?r#d%&=[] +\"'é"
            let role = "vernal_reserved_\(UInt32.random(in: 0...UInt32.max))"
            try await withEngine { admin in
                let literal = password.replacingOccurrences(of: "'", with: "''")
                try await admin.execute(
                    "CREATE ROLE \(identifier: role) LOGIN PASSWORD '\(unsafeRaw: literal)'"
                )
                let result: Result<String, any Error>
                do {
                    result = .success(try await logIn(role, password))
                } catch {
                    result = .failure(error)
                }
                try await admin.execute("DROP ROLE \(identifier: role)")
                #expect(try result.get() == role)
            }
        }

        private func logIn(_ role: String, _ password: String) async throws -> String {
            let host = try EngineConfiguration(url: TestDatabase.url)
            let place = ["host", "port", "dbname"].map { host[connectionParameter: $0] ?? "" }
            let encoded = try #require(password.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let url = "postgres://\(role):\(encoded)@\(place[0]):\(place[1])/\(place[2])?application_name=reserved"
            let configuration = try EngineConfiguration(url: url)
            return try await using(Engine(configuration: configuration)) { engine in
                try await engine.query("SELECT current_user::text").value(as: String.self)
            }
        }

        @Test func `a port where nobody listens is refused at once`() async throws {
            let port = try await DeadEnds.closedPort()
            let took = try await time {
                let error = try await refusal { $0[connectionParameter: "port"] = String(port) }
                #expect(error.code == .connectFailed)
                #expect(error.wait == .connect)
                #expect(error.isRetryable)
            }
            #expect(took < .seconds(2))
        }

        @Test func `a name that cannot be resolved is named in the error`() async throws {
            let error = try await refusal {
                $0[connectionParameter: "host"] = "no-such-host.invalid"
                $0.acquireTimeout = .seconds(4)
            }
            #expect(error.description.contains("no-such-host.invalid") || error.code == .timedOut)
            #expect(error.wait == .nameResolution)
        }

        @Test func `TLS that is required and not offered is an error that says so, and nothing is sent in the clear`()
            async throws
        {
            let error = try await refusal { $0[connectionParameter: "sslmode"] = "require" }
            #expect(error.code == .connectFailed)
            #expect(error.description.contains("SSL"))
        }

        @Test(arguments: [("sslmode", "sometimes"), ("target_session_attrs", "read-mostly"), ("gssencmode", "perhaps")])
        func `a value that libpq does not know is named in the error`(keyword: String, value: String) async throws {
            let error = try await refusal { $0[connectionParameter: keyword] = value }
            #expect(error.code == .configuration)
            #expect(!error.isRetryable)
            #expect(error.description.contains(value))
            #expect(error.description.contains(keyword))
        }

        @Test(arguments: ["0", "65536", "-1", "postgres", "5432,5433", "54 32"])
        func `a port that is none is a configuration error`(port: String) async throws {
            let error = try await refusal { $0[connectionParameter: "port"] = port }
            #expect(error.code == .configuration)
            #expect(!error.isRetryable)
        }

        @Test func `a keyword that libpq does not know is a configuration error that names it`() async throws {
            let error = try await refusal { $0[connectionParameter: "hots"] = "localhost" }
            #expect(error.code == .configuration)
            #expect(error.description.contains("hots"))
        }

        @Test func `a NUL in a text parameter is refused before anything is sent`() async throws {
            try await FaultProxy.run { proxy in
                try await using(try proxy.engine()) { engine in
                    try await engine.execute("SELECT 1")
                    let before = proxy.counts.roundTrips
                    let error = try await #require(throws: VernalError.self) {
                        try await engine.query("SELECT \("a\u{0}b")::text")
                    }
                    #expect(error.code == .invalidParameter)
                    #expect(error.description.contains("$1"))
                    #expect(!error.statementWasSent)
                    #expect(proxy.counts.roundTrips == before)
                    #expect(engine.statistics.idle == 1)
                }
            }
        }

        @Test func `65,535 parameters are accepted, and one more is refused before anything is sent`() async throws {
            func sum(of count: Int) -> SQLQuery {
                let parts = (0..<count).map { number -> SQLQuery in "(\(Int32(number)))" }
                return "SELECT count(*) FROM (VALUES \(parts.joined(separator: ","))) AS given"
            }
            try await withEngine { engine in
                #expect(try await engine.query(sum(of: 65_535)).value(as: Int.self) == 65_535)
                let error = try await #require(throws: VernalError.self) { try await engine.query(sum(of: 65_536)) }
                #expect(error.code == .invalidParameter)
                #expect(error.description.contains("65535"))
                #expect(engine.statistics.idle == 1)
            }
        }

        @Test func `a statement without text gives no rows`() async throws {
            try await withEngine { engine in
                let nothing = try await engine.query("")
                let comment = try await engine.query("-- nothing")
                #expect(nothing.isEmpty)
                #expect(comment.isEmpty)
            }
        }

        @Test func `two statements in one text are refused by the server, and the connection stays`() async throws {
            try await withEngine { engine in
                let error = try await #require(throws: VernalError.self) {
                    try await engine.query("SELECT 1; SELECT 2")
                }
                #expect(error.sqlState == .syntaxError)
                #expect(engine.statistics.idle == 1)
            }
        }
    }
}
