import LibpqIO
import Moments
import Synchronization
import Testing
import Vernal
import VernalTestKit

/// Somebody who is asked, and answers as a test wants.
private final class Answerer: ConnectAdmission {
    private let answer: @Sendable (Int) async throws -> ConnectAdmissionAnswer
    let asked = Mutex(0)
    let closed = Mutex<[ConnectTicket]>([])

    init(_ answer: @escaping @Sendable (Int) async throws -> ConnectAdmissionAnswer) {
        self.answer = answer
    }

    func connectRequested(until deadline: ContinuousClock.Instant) async throws -> ConnectAdmissionAnswer {
        let count = asked.withLock { count in
            count += 1
            return count
        }
        return try await answer(count)
    }

    func connectionsClosed(_ tickets: [ConnectTicket]) async throws {
        closed.withLock { $0 += tickets }
    }
}

private struct Broken: Error {}

@Suite struct `An admission gate` {
    private func gate(
        _ answerer: Answerer,
        report: @escaping @Sendable (AdmissionGate.Notice) -> Void = { _ in }
    ) -> AdmissionGate {
        AdmissionGate(answerer, patience: .milliseconds(100), report: report)
    }

    @Test func `lets through who is admitted, with the ticket, when the time has come`() async {
        let ticket = ConnectTicket(id: "7")
        for wait in [Duration.zero, .milliseconds(30), .seconds(-1)] {
            let gate = gate(Answerer { _ in .admitted(after: wait, ticket) })
            let took = await time { #expect(await gate.admit(until: .now + .seconds(5)) == .proceed(ticket)) }
            #expect(took >= wait && took < .milliseconds(500))
        }
    }

    @Test func `says at once that a place comes too late`() async throws {
        for answer in [
            ConnectAdmissionAnswer.admitted(after: .seconds(10), nil), .refused(askAgainAfter: .seconds(10)),
        ] {
            let gate = gate(Answerer { _ in answer })
            let took = await time {
                guard case .tooLate = await gate.admit(until: .now + .seconds(5)) else {
                    Issue.record("admitted")
                    return
                }
            }
            #expect(took < .milliseconds(500))
        }
    }

    @Test func `asks again after a refusal that is short enough`() async {
        let answerer = Answerer { count in
            count < 3 ? .refused(askAgainAfter: .milliseconds(5)) : .admitted(after: .zero, nil)
        }
        #expect(await gate(answerer).admit(until: .now + .seconds(5)) == .proceed(nil))
        #expect(answerer.asked.withLock { $0 } == 3)
    }

    @Test func `opens when there is an error or no answer, asks seldom then, and says so once`() async throws {
        let troubles: [@Sendable (Int) async throws -> ConnectAdmissionAnswer] = [
            { _ in throw Broken() },
            { _ in
                try await Task.sleep(for: .seconds(60))
                return .refused(askAgainAfter: .zero)
            },
        ]
        for trouble in troubles {
            let (answerer, notices) = (Answerer(trouble), Notices())
            let gate = gate(answerer) { notices.add($0) }
            let took = await time {
                for _ in 0..<10 { #expect(await gate.admit(until: .now + .seconds(5)) == .proceed(nil)) }
            }
            #expect(took < .milliseconds(500))
            #expect(answerer.asked.withLock { $0 } == 1)
            guard case .unanswered = notices.all.first, notices.all.count == 1 else {
                Issue.record("\(notices.all)")
                continue
            }
        }
    }

    @Test func `notices that its task was cancelled, and counts that as nobody's failure`() async {
        let answerer = Answerer { _ in .admitted(after: .seconds(3), ConnectTicket(id: "7")) }
        let gate = gate(answerer)
        let verdict = await withTaskGroup(of: AdmissionGate.Verdict.self) { group in
            group.addTask { await gate.admit(until: .now + .seconds(5)) }
            while answerer.asked.withLock({ $0 }) == 0 { await Task.yield() }
            group.cancelAll()
            return await group.next()
        }
        guard case .cancelled = verdict else {
            Issue.record("\(String(describing: verdict))")
            return
        }
        #expect(gate.failures == 0)
    }
}

private final class Notices: Sendable {
    private let notices = Mutex<[AdmissionGate.Notice]>([])
    var all: [AdmissionGate.Notice] { notices.withLock { $0 } }
    func add(_ notice: AdmissionGate.Notice) { notices.withLock { $0.append(notice) } }
}
