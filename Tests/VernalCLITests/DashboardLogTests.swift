import Foundation
import LocalFunctions
import Testing

@testable import VernalCLI

@Suite struct `The memory of the dashboard` {
    private struct State: Decodable {
        struct Event: Decodable {
            let number: Int
            let kind: String
            let text: String
        }
        let last: Int
        let finished: Int
        let events: [Event]
    }

    private func state(_ log: DashboardLog, after number: Int = 0) throws -> State {
        try JSONDecoder().decode(State.self, from: Data(log.json(after: number)))
    }

    private let log = DashboardLog(name: "f", environments: 3, slots: 10)

    @Test func `keeps a failure although much else has happened since, and nothing for ever`() throws {
        log.note(.notice(nil, "out of memory"))
        for _ in 0..<1000 { log.note(.environment(EnvironmentID(1), .frozen)) }
        let events = try state(log).events
        #expect(events.count == 301)
        #expect(events.first?.text == "out of memory")
        #expect(events.map(\.number) == events.map(\.number).sorted())
        for _ in 0..<1000 { log.note(.notice(nil, "again")) }
        #expect(try state(log).events.count { $0.kind == "notice" } == 300)
    }

    @Test func `tells only what is new`() throws {
        log.note(.environment(EnvironmentID(1), .starting))
        let seen = try state(log).last
        log.note(.environment(EnvironmentID(1), .gone))
        #expect(try state(log, after: seen).events.map(\.text) == ["ended"])
        #expect(try state(log, after: seen + 1).events.isEmpty)
    }

    @Test func `leaves out what functions write and what passes at once`() throws {
        log.note(.line(EnvironmentID(1), "password: secret"))
        log.note(.environment(EnvironmentID(1), .running))
        #expect(try state(log).events.isEmpty)
        log.note(.notice(nil, String(repeating: "x", count: 1000)))
        #expect(try state(log).events.first?.text.count == 300)
    }
}
