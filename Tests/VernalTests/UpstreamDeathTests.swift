import EmbeddedPostgres
import Foundation
import LibpqIO
import Testing
import Vernal
import VernalTestKit

/// A pooler that dies when the connection is lent already and nothing has been sent over it.
@Suite(.serialized) struct `A proxy that dies between acquire and send` {
    /// A table that notes each run of a statement.
    private struct Notes {
        let name = "deaths_\(Int.random(in: 0..<1_000_000_000))"
        let direct: Engine

        init() async throws {
            direct = try testEngine()
            _ = try await direct.execute("CREATE TABLE \(unsafeRaw: name) (number int8)")
        }

        func note(_ number: Int) -> SQLQuery { "INSERT INTO \(unsafeRaw: name) VALUES (\(number))" }

        /// How often a number was noted.
        func count(_ number: Int) async throws -> Int {
            try await direct.query("SELECT count(*) FROM \(unsafeRaw: name) WHERE number = \(number)").value()
        }

        func remove() async throws {
            _ = try await direct.execute("DROP TABLE \(unsafeRaw: name)")
            await direct.dispose()
        }
    }

    private func withNotes(_ body: (Notes) async throws -> Void) async throws {
        let notes = try await Notes()
        do { try await body(notes) } catch {
            try? await notes.remove()
            throw error
        }
        try await notes.remove()
    }

    // MARK: PgBouncer, killed and started again

    @Test func `has the statement run on another connection when nothing of it was sent`() async throws {
        try await withNotes { notes in
            try await withPooler(.pgbouncer()) { pooler in
                try await using(pooler.engine()) { engine in
                    _ = try await engine.query("SELECT 1")
                    var attempts = 0
                    try await engine.replaying(false, at: CallSite()) { connection in
                        attempts += 1
                        if attempts == 1 {
                            try await pooler.restart(.kill)
                            // What a look finds, libpq knows: it takes nothing any more.
                            let isThere = connection.link.isStillConnected()
                            #expect(!isThere)
                        }
                        try await connection.execute(notes.note(1))
                    }
                    #expect(attempts == 2)
                    #expect(try await notes.count(1) == 1)
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func `has it not run again when it may have been sent, unless that does no harm`(isRepeatable: Bool) async throws {
        try await withNotes { notes in
            try await withPooler(.pgbouncer()) { pooler in
                try await using(pooler.engine()) { engine in
                    _ = try await engine.query("SELECT 1")
                    var attempts = 0
                    var failure: VernalError?
                    do {
                        try await engine.replaying(isRepeatable, at: CallSite()) { connection in
                            attempts += 1
                            if attempts == 1 { try await pooler.restart(.kill) }
                            try await connection.execute(notes.note(2))
                        }
                    } catch let error as VernalError {
                        failure = error
                    }
                    #expect(attempts == (isRepeatable ? 2 : 1))
                    #expect(failure?.code == (isRepeatable ? nil : .connectionLost))
                    #expect(failure?.statementWasSent == (isRepeatable ? nil : true))
                    #expect(try await notes.count(2) == (isRepeatable ? 1 : 0))
                    try await expectAnswer(from: engine)
                }
            }
        }
    }

    /// Wherever between two steps a kill falls: nothing is run twice, nothing is lost in silence, and what is said not to have been
    /// sent has not been run.
    @Test func `has nothing run twice, whenever it dies`() async throws {
        try await withNotes { notes in
            try await withPooler(.pgbouncer(poolSize: 4)) { pooler in
                let outcomes = Shared<[Int: VernalError?]>([:])
                let next = Shared(0)
                let isOver = Shared(false)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for first in 0..<4 {
                        let engine = try pooler.engine()
                        group.addTask {
                            try await using(engine) { engine in
                                var number = first * 1_000_000
                                while !isOver.value {
                                    number += 1
                                    let error = await Self.failure { try await engine.execute(notes.note(number)) }
                                    let key = number
                                    outcomes.change { $0[key] = .some(error) }
                                    next.change { $0 += 1 }
                                }
                            }
                        }
                    }
                    for _ in 0..<8 {
                        let before = next.value
                        try await eventually("there is load") { next.value > before + 20 }
                        try await pooler.restart(.kill)
                    }
                    isOver.change { $0 = true }
                    try await group.waitForAll()
                }
                let rows = try await notes.direct.query(
                    "SELECT number, count(*) FROM \(unsafeRaw: notes.name) GROUP BY 1"
                )
                let counts = try Dictionary(uniqueKeysWithValues: rows.decode((Int, Int).self))
                for (number, outcome) in outcomes.value {
                    let count = counts[number] ?? 0
                    switch outcome {
                    case nil: #expect(count == 1, "\(number) succeeded")
                    case let error? where error.statementWasSent: #expect(count <= 1, "\(error)")
                    case let error?: #expect(count == 0, "\(error)")
                    }
                }
                #expect(outcomes.value.values.contains { $0 != nil }, "no kill has hit anything")
            }
        }
    }

    private static func failure(_ body: () async throws -> Void) async -> VernalError? {
        do {
            try await body()
            return nil
        } catch { return error as? VernalError ?? VernalError(.misuse, "\(error)") }
    }

    // MARK: The fault proxy, at the moment of the send

    @Test(arguments: [FaultProxy.Reaction.close, .reset, .forwardThenClose])
    func `has what the proxy took along not run again`(reaction: FaultProxy.Reaction) async throws {
        try await withNotes { notes in
            try await FaultProxy.run { proxy in
                try await using(proxy.engine()) { engine in
                    _ = try await engine.query("SELECT 1")
                    proxy.when(clientSends: notes.name, reaction)
                    let failure = try await #require(throws: VernalError.self) {
                        try await engine.execute(notes.note(3))
                    }
                    #expect(failure.code == .connectionLost)
                    #expect(failure.statementWasSent)
                    try await expectAnswer(from: engine)
                    let wasRun = if case .forwardThenClose = reaction { true } else { false }
                    if wasRun { try await eventually("the server has run it") { try await notes.count(3) == 1 } }
                    #expect(try await notes.count(3) == (wasRun ? 1 : 0))
                    // What may be run twice is.
                    proxy.when(clientSends: notes.name, reaction)
                    _ = try await engine.execute(notes.note(4), isRepeatable: true)
                    if wasRun { try await eventually("both have run") { try await notes.count(4) == 2 } }
                    #expect(try await notes.count(4) == (wasRun ? 2 : 1))
                }
            }
        }
    }

    @Test func `has a connection that died at rest replaced before anything is sent`() async throws {
        try await withNotes { notes in
            try await FaultProxy.run { proxy in
                // Looked at each time it is lent.
                try await using(proxy.engine { $0.pingBypass = .zero }) { engine in
                    for number in 5..<10 {
                        _ = try await engine.query("SELECT 1")
                        await proxy.closeAll()
                        _ = try await engine.execute(notes.note(number))
                        #expect(try await notes.count(number) == 1)
                    }
                    #expect(engine.statistics.connects == 6)
                }
            }
        }
    }
}
