#if RedisAdmission
import Foundation
import LibpqIO
import Moments
import PoolCore
import Synchronization
import Testing
import Vernal
import VernalRedis
import VernalTestKit

extension ConnectAdmissionAnswer {
    var wait: Duration? { if case .admitted(let wait, _) = self { wait } else { nil } }
    var ticket: ConnectTicket? { if case .admitted(_, let ticket) = self { ticket } else { nil } }
    var askAgain: Duration? { if case .refused(let time) = self { time } else { nil } }
}

extension RedisAdmission {
    func ask(patience: Duration = .seconds(10)) async throws -> ConnectAdmissionAnswer {
        try await connectRequested(until: .now + patience)
    }
}

@Suite(.serialized) struct `Admission over Redis` {
    private func limits(
        _ rate: Double,
        _ change: (inout RedisAdmission.Limits) -> Void = { _ in }
    ) -> RedisAdmission.Limits {
        var limits = RedisAdmission.Limits(rate: rate)
        change(&limits)
        return limits
    }

    @Test func `gives the whole fleet one rate, as the pure rule does`() async throws {
        try await RedisServer.run { server in
            let fleet = try (0..<5).map { _ in
                try RedisAdmission(url: server.url, name: "orders", limits: limits(50) { $0.burst = 4 })
            }
            var rule = CellRate(rate: 50, burst: 4)
            for index in 0..<30 {
                let before = Moment.now
                let wait = try #require(try await fleet[index % 5].ask().wait)
                let expected = rule.requested(now: before, patience: .seconds(10))
                guard case .booked(let ideal) = expected else {
                    Issue.record("\(expected)")
                    return
                }
                // Between our clock's reading and Redis's lies the way there.
                #expect(abs((wait - ideal) / .milliseconds(1)) < 50, "\(index): \(wait), \(ideal)")
            }
            #expect(try await fleet[0].ask(patience: .milliseconds(100)).askAgain != nil)
        }
    }

    @Test func `books nothing for who would come too late`() async throws {
        try await RedisServer.run { server in
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits(1) { $0.burst = 1 })
            #expect(try await admission.ask().wait == .zero)
            for _ in 0..<5 {
                let again = try #require(try await admission.ask(patience: .milliseconds(500)).askAgain)
                #expect(again > .milliseconds(500) && again <= .seconds(1))
            }
            let wait = try #require(try await admission.ask().wait)
            #expect(wait > .milliseconds(500) && wait <= .seconds(1))
        }
    }

    @Test func `goes by the clock of Redis, and keeps its key no longer than it is of use`() async throws {
        try await RedisServer.run { server in
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits(10))
            _ = try await admission.ask()
            let seconds = try #require(Double(try server.command("TIME").split(separator: "\n")[0]))
            let paid = try #require(Double(try server.command("GET", "{n}:vernal:rate"))) / 1e6
            #expect(abs(paid - seconds) < 2)
            let life = try #require(Int(try server.command("PTTL", "{n}:vernal:rate")))
            #expect((1...1101).contains(life))
            // A time far ahead is one that the clock of another Redis wrote.
            try server.command("SET", "{n}:vernal:rate", String(Int((seconds + 86_400) * 1e6)))
            #expect(try await admission.ask().wait == .zero)
        }
    }

    @Test func `counts the open connections of the fleet`() async throws {
        try await RedisServer.run { server in
            let limits = limits(1e6) {
                $0.maxOpen = 3
                $0.burst = 1000
            }
            let fleet = try (0..<4).map { _ in try RedisAdmission(url: server.url, name: "n", limits: limits) }
            var tickets: [ConnectTicket] = []
            for admission in fleet.prefix(3) { tickets.append(try #require(try await admission.ask().ticket)) }
            #expect(Set(tickets).count == 3)
            #expect(try await fleet[3].ask().askAgain != nil)
            #expect(try server.command("ZCARD", "{n}:vernal:open") == "3")
            // Anybody may give a ticket back, and giving it back twice changes nothing.
            try await fleet[3].connectionsClosed([tickets[0]])
            try await fleet[0].connectionsClosed([tickets[0]])
            #expect(try await fleet[3].ask().ticket != nil)
            #expect(try await fleet[0].ask().askAgain != nil)
        }
    }

    @Test func `forgets a connection of which nobody says that it was closed`() async throws {
        try await RedisServer.run { server in
            let limits = limits(1e6) {
                $0.maxOpen = 1
                $0.leaseTime = .seconds(1)
            }
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits)
            #expect(try await admission.ask().ticket != nil)
            #expect(try await admission.ask().askAgain != nil)
            try await Task.sleep(for: .milliseconds(1100))
            #expect(try await admission.ask().ticket != nil)
        }
    }

    @Test func `takes no place among the open ones if it books none in line`() async throws {
        try await RedisServer.run { server in
            let limits = limits(0.1) {
                $0.maxOpen = 5
                $0.burst = 1
            }
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits)
            #expect(try await admission.ask().ticket != nil)
            #expect(try await admission.ask(patience: .seconds(1)).askAgain != nil)
            #expect(try server.command("ZCARD", "{n}:vernal:open") == "1")
        }
    }

    @Test func `works in a cluster, whichever node it is told of`() async throws {
        let (busOfOne, busOfOther) = try await (freePort(), freePort())
        let cluster = ["--cluster-enabled", "yes", "--cluster-port"]
        try await RedisServer.run(cluster + [String(busOfOne)]) { one in
            try await RedisServer.run(cluster + [String(busOfOther)]) { other in
                try one.command("CLUSTER", "ADDSLOTSRANGE", "0", "8191")
                try other.command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
                try one.command("CLUSTER", "MEET", "127.0.0.1", String(other.port), String(busOfOther))
                try await eventually("the cluster is up") {
                    try [one, other].allSatisfy { try $0.command("CLUSTER", "INFO").contains("cluster_state:ok") }
                }
                for url in [one.url, other.url] {
                    for name in ["a", "b", "c", "d"] {
                        let limits = limits(10) { $0.maxOpen = 20 }
                        let admission = try RedisAdmission(url: url, name: name, limits: limits)
                        for _ in 0..<3 {
                            let answer = try await admission.ask()
                            #expect(answer.ticket != nil)
                        }
                    }
                }
                let slots = try ["{n}:vernal:rate", "{n}:vernal:open"].map { try one.command("CLUSTER", "KEYSLOT", $0) }
                #expect(slots[0] == slots[1])
            }
        }
    }

    @Test func `logs in with a password, and a wrong one is not told to anybody`() async throws {
        try await RedisServer.run(["--requirepass", "s3cret/pass"]) { server in
            let good = "redis://:s3cret%2Fpass@127.0.0.1:\(server.port)"
            #expect(try await RedisAdmission(url: good, name: "n", rate: 5).ask().wait == .zero)
            let user = "redis://default:s3cret%2Fpass@localhost:\(server.port)/1"
            #expect(try await RedisAdmission(url: user, name: "n", rate: 5).ask().wait == .zero)
            for url in ["redis://:wr0ng@127.0.0.1:\(server.port)", server.url] {
                let error = try await #require(throws: RedisAdmissionError.self) {
                    try await RedisAdmission(url: url, name: "n", rate: 5).ask()
                }
                #expect(!error.description.contains("wr0ng") && !error.description.contains("s3cret"))
            }
        }
    }

    @Test func `encrypts, and trusts only whom it is told to trust`() async throws {
        try await RedisServer.run(certificates: true) { server in
            let authority = server.folder.appending(path: "cert.pem").path
            let trusting = { (host: String) throws in
                try RedisAdmission(
                    url: "rediss://\(host):\(server.port)",
                    name: "n",
                    limits: limits(5),
                    certificateAuthority: authority
                )
            }
            let admission = try trusting("localhost")
            for _ in 0..<3 {
                let answer = try await admission.ask()
                #expect(answer.wait != nil)
            }
            // The certificate is for the name, not for the address; and the system does not know who made it.
            let strangers = [
                try trusting("127.0.0.1"),
                try RedisAdmission(url: "rediss://localhost:\(server.port)", name: "n", rate: 5),
            ]
            for admission in strangers {
                let error = try await #require(throws: RedisAdmissionError.self) { try await admission.ask() }
                #expect(error.description.contains("not trusted"))
            }
        }
    }

    @Test func `finds a Redis that was started again`() async throws {
        let port = try await freePort()
        let admission = try RedisAdmission(url: "redis://127.0.0.1:\(port)", name: "n", rate: 1000)
        for _ in 0..<3 {
            try await RedisServer.run(port: port) { _ in
                for _ in 0..<2 {
                    let answer = try await admission.ask()
                    #expect(answer.wait != nil)
                }
            }
        }
        await #expect(throws: RedisAdmissionError.self) { try await admission.ask() }
    }

    @Test(arguments: [
        "localhost", "http://localhost", "redis://", "redis://:6379", "redis://h:0", "redis://h:99999", "redis://h:x",
        "redis://h/x", "redis://h/-1", "redis://secret@h", "redis://:%zz@h", "redis://h?db=1",
    ])
    func `refuses a URL that makes no sense, and does not repeat it`(url: String) throws {
        let error = #expect(throws: RedisAdmissionError.self) { try RedisAdmission(url: url, name: "n", rate: 1) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test func `refuses numbers and names that make no sense`() {
        for rate in [0, -1, .nan, .infinity, 1e7] {
            #expect(throws: RedisAdmissionError.self) { try RedisAdmission(url: "redis://h", name: "n", rate: rate) }
        }
        for name in ["", "a{b", "}"] {
            #expect(throws: RedisAdmissionError.self) { try RedisAdmission(url: "redis://h", name: name, rate: 1) }
        }
        let changes: [(inout RedisAdmission.Limits) -> Void] = [
            { $0.burst = 0 }, { $0.maxOpen = 0 }, { $0.leaseTime = .zero }, { $0.leaseTime = .seconds(1_000_000) },
        ]
        for change in changes {
            #expect(throws: RedisAdmissionError.self) {
                try RedisAdmission(url: "redis://h", name: "n", limits: limits(1, change))
            }
        }
    }
}

#endif
