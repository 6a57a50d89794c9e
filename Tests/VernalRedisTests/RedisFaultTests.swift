#if RedisAdmission
import LibpqIO
import Moments
import Synchronization
import Testing
import Vernal
import VernalRedis
import VernalTestKit

/// A connect never fails because of Redis.
@Suite(.serialized) struct `Redis in trouble` {
    /// A gate, and what it reports.
    private func gate(_ url: String, name: String = "n") throws -> (gate: AdmissionGate, notices: Notices) {
        let notices = Notices()
        let admission = try RedisAdmission(url: url, name: name, rate: 1000)
        return (AdmissionGate(admission, patience: .milliseconds(200)) { notices.add($0) }, notices)
    }

    private func admit(_ gate: AdmissionGate) async -> AdmissionGate.Verdict {
        await gate.admit(until: .now + .seconds(5))
    }

    @Test func `that has something else under the key is done without, and said once`() async throws {
        try await RedisServer.run { server in
            try server.command("LPUSH", "{n}:vernal:rate", "x")
            let (gate, notices) = try gate(server.url)
            for _ in 0..<3 { #expect(await admit(gate) == .proceed(nil)) }
            guard case .unanswered(let reason) = notices.all.first else {
                Issue.record("nothing was reported")
                return
            }
            #expect(reason.contains("WRONGTYPE"))
            #expect(notices.all.count == 1)
        }
    }

    @Test func `that is suspended costs one bounded wait, and is found again`() async throws {
        try await RedisServer.run { server in
            let (gate, notices) = try gate(server.url)
            #expect(await admit(gate) == .proceed(nil))
            server.suspend()
            let first = await time { #expect(await admit(gate) == .proceed(nil)) }
            #expect(first >= .milliseconds(200) && first < .milliseconds(600))
            let others = await time { for _ in 0..<20 { #expect(await admit(gate) == .proceed(nil)) } }
            #expect(others < .milliseconds(100))
            #expect(notices.all.count == 1)
            server.resume()
            try await eventually("Redis is asked again") {
                _ = await admit(gate)
                return notices.all.count == 2
            }
            #expect(notices.all[1] == .answersAgain)
            #expect(gate.failures == 1)
        }
    }

    @Test func `that is not there is done without`() async throws {
        let unused = try await freePort()
        for url in ["redis://127.0.0.1:\(unused)", "redis://no-such-host.invalid"] {
            let (gate, notices) = try gate(url)
            let took = await time { for _ in 0..<5 { #expect(await admit(gate) == .proceed(nil)) } }
            #expect(took < .seconds(1))
            #expect(notices.all.count == 1, "\(notices.all)")
        }
    }

    @Test func `that is no Redis is done without`() async throws {
        try await FaultProxy.run { postgres in
            let (gate, notices) = try gate("redis://127.0.0.1:\(postgres.port)")
            let took = await time { #expect(await admit(gate) == .proceed(nil)) }
            #expect(took < .seconds(1))
            #expect(notices.all.count == 1)
        }
    }

    @Test func `in the middle of a storm fails no query`() async throws {
        let port = try await freePort()
        let admission = try RedisAdmission(url: "redis://127.0.0.1:\(port)", name: "n", rate: 200)
        let engines = try (0..<8).map { _ in try testEngine { $0.connectAdmission = admission } }
        try await RedisServer.run(port: port) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, engine) in engines.enumerated() {
                    group.addTask {
                        for round in 0..<3 {
                            if index == 0, round == 1 { server.suspend() }
                            let answer = try await engine.query("SELECT 1").value(as: Int.self)
                            #expect(answer == 1)
                            engine.invalidateAll()
                        }
                    }
                }
                try await group.waitForAll()
            }
            server.resume()
        }
        for engine in engines { await engine.dispose() }
    }

    @Test func `makes the connects of a fleet keep to their rate`() async throws {
        try await RedisServer.run { server in
            var limits = RedisAdmission.Limits(rate: 20)
            limits.burst = 2
            let engines = try (0..<12).map { _ in
                let admission = try RedisAdmission(url: server.url, name: "fleet", limits: limits)
                return try testEngine { $0.connectAdmission = admission }
            }
            let took = try await time {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for engine in engines { group.addTask { try await engine.execute("SELECT 1") } }
                    try await group.waitForAll()
                }
            }
            // Two at once, then ten at 50 ms.
            #expect(took >= .milliseconds(490) && took < .seconds(2))
            for engine in engines { await engine.dispose() }
        }
    }

    @Test func `that says too late is an error that says so, at once`() async throws {
        try await RedisServer.run { server in
            var limits = RedisAdmission.Limits(rate: 0.1)
            limits.burst = 1
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits)
            _ = try await admission.ask()
            try await using(try testEngine { $0.connectAdmission = admission }) { engine in
                let took = try await time {
                    let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
                    #expect(error.code == .throttled)
                    #expect(error.wait == .connectThrottle)
                }
                #expect(took < .seconds(1))
                #expect(engine.isAtRest)
            }
        }
    }

    @Test func `is told when a connection is closed`() async throws {
        try await RedisServer.run { server in
            var limits = RedisAdmission.Limits(rate: 1000)
            limits.maxOpen = 1
            let admission = try RedisAdmission(url: server.url, name: "n", limits: limits)
            try await using(try testEngine { $0.connectAdmission = admission }) { engine in
                for _ in 0..<3 {
                    try await engine.execute("SELECT 1")
                    #expect(try server.command("ZCARD", "{n}:vernal:open") == "1")
                    engine.invalidateAll()
                }
            }
            #expect(try server.command("ZCARD", "{n}:vernal:open") == "0")
        }
    }
}

private final class Notices: Sendable {
    private let notices = Mutex<[AdmissionGate.Notice]>([])
    var all: [AdmissionGate.Notice] { notices.withLock { $0 } }
    func add(_ notice: AdmissionGate.Notice) { notices.withLock { $0.append(notice) } }
}

#endif
