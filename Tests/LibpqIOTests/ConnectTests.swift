import Foundation
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

extension `libpq on a real server` {
    @Suite struct `A connect` {
        @Test func `sends user, database, application name and encoding, and nothing else`() async throws {
            try await FaultProxy.run { proxy in
                _ = try await connect(proxy.settings)
                let startup = try #require(proxy.counts.startups.first)
                #expect(startup.keys.sorted() == ["application_name", "client_encoding", "database", "user"])
                #expect(startup["application_name"] == "vernal")
                #expect(startup["client_encoding"] == "UTF8")
            }
        }

        @Test func `sends the application name that was asked for`() async throws {
            try await FaultProxy.run { proxy in
                var settings = try proxy.settings
                settings["application_name"] = "another"
                _ = try await connect(settings)
                #expect(proxy.counts.startups.first?["application_name"] == "another")
            }
        }

        // In a process of its own, because the environment is read once.
        @Test func `lets nothing of the environment into the session`() async throws {
            await #expect(processExitsWith: .success) {
                for (name, value) in [
                    ("PGOPTIONS", "-c search_path=leaked"), ("PGTZ", "Asia/Tokyo"), ("PGDATESTYLE", "SQL, DMY"),
                    ("PGGEQO", "off"),
                    ("PGCLIENTENCODING", "LATIN1"),
                ] {
                    unsafe setenv(name, value, 1)
                }
                try await FaultProxy.run { proxy in
                    var connection = try await connect(proxy.settings)
                    let startup = try #require(proxy.counts.startups.first)
                    try #require(startup.keys.sorted() == ["application_name", "client_encoding", "database", "user"])
                    try #require(startup["client_encoding"] == "UTF8")
                    let path = try await connection.text("SELECT current_setting('search_path')")
                    try #require(!path.contains("leaked"))
                }
            }
        }

        @Test(arguments: Waiting.allCases)
        func `tries hosts in their order and takes the first that answers`(waiting: Waiting) async throws {
            let closed = try await DeadEnds.closedPort()
            try await FaultProxy.run { proxy in
                var connection = try await connect(
                    try settings(["host": "127.0.0.1,127.0.0.1", "port": "\(closed),\(proxy.port)"]),
                    waiting
                )
                #expect(try await connection.text("SELECT 'here'") == "here")
                #expect(proxy.counts.connections == 1)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `gives each host a time limit of its own`(waiting: Waiting) async throws {
            try await FaultProxy.run(.deaf) { deaf in
                try await FaultProxy.run { good in
                    let took = try await time {
                        _ = try await connect(
                            try settings([
                                "host": "127.0.0.1,127.0.0.1,127.0.0.1",
                                "port": "\(deaf.port),\(deaf.port),\(good.port)",
                            ]),
                            waiting,
                            timeout: .milliseconds(250)
                        )
                    }
                    #expect(took >= .milliseconds(500))
                    #expect(took < .seconds(3))
                    #expect(deaf.counts.connections == 2)
                }
            }
        }

        @Test(arguments: Waiting.allCases)
        func `does not leave a host that has answered for another one`(waiting: Waiting) async throws {
            // Slow in each direction: the first answer comes within the time limit, the last one long after it.
            try await FaultProxy.run(.latency(.milliseconds(100))) { slow in
                try await FaultProxy.run { other in
                    let took = try await time {
                        _ = try await connect(
                            try settings(["host": "127.0.0.1,127.0.0.1", "port": "\(slow.port),\(other.port)"]),
                            waiting,
                            timeout: .milliseconds(350)
                        )
                    }
                    #expect(took >= .milliseconds(350))
                    #expect(slow.counts.connections >= 1)
                    #expect(other.counts.connections == 0)
                }
            }
        }

        @Test func `tells of every host when none works`() async throws {
            let (one, two) = (try await DeadEnds.closedPort(), try await DeadEnds.closedPort())
            let error = try await connectError(settings(["host": "127.0.0.1,localhost", "port": "\(one),\(two)"]))
            #expect(error.code == .connectFailed)
            #expect(error.message.contains("port \(one)"))
            #expect(error.message.contains("port \(two)"))
        }

        @Test(arguments: ["any", "read-write", "primary", "prefer-standby"])
        func `takes a primary when that is what was asked for`(attributes: String) async throws {
            var connection = try await connect(try settings(["target_session_attrs": attributes]))
            #expect(try await connection.text("SELECT 'yes'") == "yes")
        }

        @Test(arguments: ["read-only", "standby"])
        func `refuses a primary when something else was asked for, and says so`(attributes: String) async throws {
            let error = try await connectError(settings(["target_session_attrs": attributes]))
            #expect(error.code == .connectFailed)
            #expect(error.message.contains("read-only") || error.message.contains("standby"))
        }

        @Test func `goes round all hosts for a standby first, and takes a primary then`() async throws {
            try await FaultProxy.run { one in
                try await FaultProxy.run { two in
                    _ = try await connect(
                        try settings([
                            "host": "127.0.0.1,127.0.0.1", "port": "\(one.port),\(two.port)",
                            "target_session_attrs": "prefer-standby",
                        ])
                    )
                    #expect(one.counts.connections == 2)
                    #expect(two.counts.connections == 1)
                }
            }
        }

        @Test func `fails at a unix socket that is not there before anything is said`() async throws {
            let error = try await connectError(settings(["host": "/no/such/folder"]))
            #expect(error.code == .connectFailed)
            #expect(error.phase == .transport)
        }

        @Test(arguments: Waiting.allCases)
        func `works over a unix socket`(waiting: Waiting) async throws {
            var tcp = try await connect(settings())
            let folder = try await tcp.text("SELECT split_part(current_setting('unix_socket_directories'), ',', 1)")
            let port = try await tcp.text("SELECT current_setting('port')")
            let given = try settings()
            let place = folder.replacingOccurrences(of: "/", with: "%2F")
            let url = "postgres://\(given["user"] ?? "")@\(place):\(port)/\(given["dbname"] ?? "")"
            var connection = try await connect(settings(url, ["password": given["password"] ?? ""]), waiting)
            #expect(try await connection.text("SELECT (inet_client_addr() IS NULL)::text") == "true")
        }

        @Test func `takes the password from a password file`() async throws {
            let given = try settings()
            let file = FileManager.default.temporaryDirectory.appending(path: "vernal-pgpass-\(UUID())").path
            let line = "*:*:*:\(given["user"] ?? ""):\(given["password"] ?? "")\n"
            #expect(
                FileManager.default.createFile(
                    atPath: file,
                    contents: Data(line.utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
            defer { try? FileManager.default.removeItem(atPath: file) }
            var connection = try await connect(try settings(["password": "", "passfile": file]))
            #expect(try await connection.text("SELECT 'in'") == "in")
        }

        // In a process of its own, because of the environment.
        @Test func `takes everything from a service file`() async throws {
            await #expect(processExitsWith: .success) {
                let given = try settings()
                let file = FileManager.default.temporaryDirectory.appending(path: "vernal-service-\(UUID())").path
                let lines =
                    "[tests]\n"
                    + ["host", "port", "user", "password", "dbname"].map { "\($0)=\(given[$0] ?? "")\n" }.joined()
                    + "application_name=from_the_service\n"
                try lines.write(toFile: file, atomically: true, encoding: .utf8)
                defer { try? FileManager.default.removeItem(atPath: file) }
                unsafe setenv("PGSERVICEFILE", file, 1)
                var connection = try await connect(ConnectionSettings(["service": "tests"]))
                let name = try await connection.text("SELECT current_setting('application_name')")
                try #require(name == "from_the_service")
                let error = try await connectError(ConnectionSettings(["service": "unknown_service"]))
                try #require(error.code == .invalidSettings)
                try #require(error.message.contains("unknown_service"))
            }
        }

        @Test(arguments: Waiting.allCases)
        func `that was interrupted is gone on with, on the same TCP connection`(waiting: Waiting) async throws {
            let waiter = waiting.waiter
            try await FaultProxy.run(.hold) { proxy in
                var attempt = try ConnectAttempt(proxy.settings, timeout: .seconds(5))
                for _ in 0..<3 {
                    let limit = Moment.now + .milliseconds(20)
                    guard case .interrupted(.timedOut, _) = await attempt.drive(until: limit, waiter: waiter) else {
                        Issue.record("the connect was not interrupted")
                        return
                    }
                }
                proxy.mode = .forward
                guard case .connected(var connection) = await attempt.drive(until: .now + .seconds(5), waiter: waiter)
                else {
                    Issue.record("the connect was not gone on with")
                    return
                }
                let answer = try await connection.text("SELECT 'whole'")
                #expect(answer == "whole")
                #expect(proxy.counts.connections == 1)
            }
        }

        @Test(arguments: Waiting.allCases)
        func `that is refused tells the SQLSTATE, and a later host is not asked`(waiting: Waiting) async throws {
            try await FaultProxy.run { proxy in
                let given = try settings()
                let error = try await connectError(
                    try settings([
                        "host": "\(given["host"] ?? ""),127.0.0.1", "port": "\(given["port"] ?? "5432"),\(proxy.port)",
                        "password": "wrong",
                    ]),
                    waiting
                )
                #expect(error.code == .connectRefused)
                #expect(error.server?.sqlState == "28P01")
                #expect(proxy.counts.connections == 0)
            }
        }

        @Test func `waits for a name no longer than it may`() async throws {
            let took = try await time {
                var attempt = try ConnectAttempt(settings(["host": "no-such-host.invalid"]), timeout: .seconds(2))
                switch await attempt.drive(until: .now + .seconds(1), waiter: .shared) {
                case .failed(let error): #expect(error.code == .nameNotResolved || error.code == .timedOut)
                case .interrupted(_, let phase): #expect(phase == .nameResolution)
                case .connected: Issue.record("there is such a host")
                }
            }
            #expect(took < .seconds(2))
        }
    }
}
