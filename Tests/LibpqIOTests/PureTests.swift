import Foundation
import Moments
import Testing
import VernalTestKit

@testable import LibpqIO

@Suite struct `The text of a refused connect` {
    @Test func `is taken apart into severity, SQLSTATE and message`() {
        let text = """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed for user "u"
            DETAIL:  Connection matched line 10.
            HINT:  Try again.
            LOCATION:  auth_failed, auth.c:347
            """
        let message = ServerMessage.parse(connectError: text)
        #expect(message?.severity == "FATAL")
        #expect(message?.sqlState == "28P01")
        #expect(message?.message == "password authentication failed for user \"u\"")
        #expect(message?.detail == "Connection matched line 10.")
        #expect(message?.hint == "Try again.")
    }

    @Test func `may be translated`() {
        let message = ServerMessage.parse(
            connectError: "connection to server at \"h\", port 1 failed: FATALE:  3D000: il database manca"
        )
        #expect(message?.sqlState == "3D000")
        #expect(message?.message == "il database manca")
    }

    @Test(arguments: [
        "", "FATAL", "FATAL:", "FATAL:  ", "FATAL:  28P0: x", "FATAL: 28P01: x", "FATAL:  28p01: x", ":  :  : :",
        "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server running?",
    ])
    func `is left alone when no server spoke`(text: String) {
        #expect(ServerMessage.parse(connectError: text) == nil)
    }

    @Test func `is one line without tabs when no server spoke`() {
        #expect(
            ConnectFailureText.plain("connection failed: Connection refused\n\tIs the server running on that host?\n")
                == "connection failed: Connection refused Is the server running on that host?"
        )
        #expect(ConnectFailureText.plain("\n\n") == "")
    }

    @Test(arguments: [
        "connection to server at \"h\", port 80 failed: received invalid response to SSL negotiation: H",
        "connection to server at \"h\", port 80 failed: expected authentication request from server, but received H",
    ])
    func `says when what answers is no PostgreSQL`(text: String) {
        let plain = ConnectFailureText.plain(text)
        #expect(plain.hasPrefix(text))
        #expect(plain.hasSuffix("are host and port the right ones?"))
    }

    @Test func `does not trip over any text`() {
        var random = SeededGenerator(seed: 7)
        let pieces = ["FATAL", ":", "  ", "28P01", ": ", "\n", "DETAIL:", "é", "\"", " ", "x"]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            if let message = ServerMessage.parse(connectError: text) { #expect(message.sqlState == "28P01") }
        }
    }
}

@Suite struct `The plan of hosts` {
    private func plan(_ values: [String: String]) throws -> [[String?]] {
        try HostPlan(ConnectionSettings(values)).targets.map { [$0.host, $0.hostaddr, $0.port] }
    }

    @Test func `pairs hosts, addresses and ports`() throws {
        #expect(try plan([:]) == [[nil, nil, nil]])
        #expect(try plan(["host": "a,b", "port": "1,2"]) == [["a", nil, "1"], ["b", nil, "2"]])
        #expect(try plan(["host": "a, b", "port": "1"]) == [["a", nil, "1"], ["b", nil, "1"]])
        #expect(try plan(["host": "a,b", "port": "1,"]) == [["a", nil, "1"], ["b", nil, nil]])
        #expect(
            try plan(["host": "a,b", "hostaddr": "1.1.1.1,2.2.2.2"]) == [
                ["a", "1.1.1.1", nil], ["b", "2.2.2.2", nil],
            ]
        )
        #expect(try plan(["hostaddr": "1.1.1.1,2.2.2.2"]) == [[nil, "1.1.1.1", nil], [nil, "2.2.2.2", nil]])
    }

    @Test(arguments: [
        ["host": "a,b", "port": "1,2,3"], ["host": "a", "hostaddr": "1.1.1.1,2.2.2.2"], ["host": "a", "port": "1,2"],
        ["host": "a", "port": "0"], ["host": "a", "port": "65536"], ["host": "a", "port": "x"],
    ])
    func `refuses what does not fit together`(values: [String: String]) {
        #expect { try plan(values) } throws: { ($0 as? LibpqError)?.code == .invalidSettings }
    }

    @Test func `needs no look-up for sockets, addresses and the default`() throws {
        for values in [[:], ["host": "/tmp"], ["host": "@abstract"], ["host": "a", "hostaddr": "1.1.1.1"]] {
            #expect(try HostPlan(ConnectionSettings(values)).targets.allSatisfy(\.needsNoLookUp))
        }
        #expect(try !HostPlan(ConnectionSettings(["host": "localhost"])).targets[0].needsNoLookUp)
    }

    @Test func `goes round twice for a standby`() throws {
        let targets = try HostPlan(ConnectionSettings(["host": "a,b", "target_session_attrs": "prefer-standby"]))
            .targets
        #expect(targets.map(\.host) == ["a", "b", "a", "b"])
        #expect(targets.map(\.sessionAttributes) == ["standby", "standby", "any", "any"])
    }

    // In a process of its own, because the environment is one for all.
    @Test func `is made where libpq would go by the environment, unless the settings say more`() async throws {
        await #expect(processExitsWith: .success) {
            for (name, value) in [
                ("PGHOST", "a,b"), ("PGHOSTADDR", "10.0.0.1,10.0.0.2"), ("PGPORT", "1,2"),
                ("PGTARGETSESSIONATTRS", "prefer-standby"),
            ] {
                unsafe setenv(name, value, 1)
            }
            for given in [[:], ["host": "c,d"], ["port": "3"], ["target_session_attrs": "any", "user": "e"]] {
                let settings = ConnectionSettings(given)
                let (ours, theirs) = try (settings.placed(), settings.completed())
                for keyword in ["host", "hostaddr", "port", "target_session_attrs"] {
                    try #require(ours[keyword] == theirs[keyword] && ours[keyword] != nil)
                }
            }
            unsafe setenv("PGHOST", "", 1)
            try #require(ConnectionSettings().placed()["host"] == nil)
        }
    }
}

@Suite struct `What libpq says of a connection string` {
    @Test func `keeps the names of options, and loses what is quoted of the rest`() {
        #expect(
            ConnectionSettings.withoutSecrets("invalid URI query parameter: \"pool\"\n")
                == "invalid URI query parameter: \"pool\""
        )
        #expect(
            ConnectionSettings.withoutSecrets("invalid connection option \"hots\"")
                == "invalid connection option \"hots\""
        )
        #expect(
            ConnectionSettings.withoutSecrets("invalid percent-encoded token: \"se%cret\"")
                == "invalid percent-encoded token: \"…\""
        )
    }

    @Test(arguments: [
        "end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"postgresql://u:a\"MARKER@[h\"",
        "unexpected character \"x\" at position 3 in URI (expected \":\" or \"/\"): \"postgresql://u:\"\"MARKER\"@h\"",
        "missing \"=\" after \"MARKER\" in connection info string",
        "missing \"=\" after \"a\"MARKER\" in connection info string",
        "invalid percent-encoded token: \"a\"b\"MARKER%zz\"",
        "invalid connection option \"postgres:/u:MARKER@h/d?sslmode\"",
        "invalid URI query parameter: \"x\"MARKER\"", "invalid connection option \"\"MARKER\"",
    ])
    func `gives nothing away when there are quotes in the string itself`(message: String) {
        let shown = ConnectionSettings.withoutSecrets(message)
        #expect(!shown.contains("MARKER"))
        #expect(shown.hasPrefix(message.prefix(8)))
    }
}
