internal import LibpqIO
package import Moments
internal import PoolCore
internal import Synchronization

/// Asks the admission before a connect: bounded, fail-open, and quiet about what goes on failing.
package final class AdmissionGate: Sendable {
    /// What the pool does with its permit.
    package enum Verdict: Sendable, Hashable {
        /// Connect now.
        case proceed(ConnectTicket?)
        /// There is no place before the caller's deadline.
        case tooLate(until: Moment)
        /// The task was cancelled on the way; the ticket, if there is one, is of no use any more.
        case cancelled(ConnectTicket?)
    }

    /// What there is to tell of the one who is asked.
    package enum Notice: Sendable, Hashable {
        /// The first of several questions in a row that got no answer; connects go on without.
        case unanswered(reason: String)
        /// Questions are answered again.
        case answersAgain
    }

    private struct State: Sendable {
        /// Keeps an admission that does not answer from costing every connect its time.
        var breaker = CircuitBreaker(threshold: 1, probeLimit: .seconds(1))
        var failures = 0
        var isReported = false
    }

    private let admission: any ConnectAdmission
    private let patience: Duration
    private let report: @Sendable (Notice) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - admission: who is asked.
    ///   - patience: how long a question may take.
    ///   - report: is told the first of several failures in a row, and when they are over.
    package init(
        _ admission: any ConnectAdmission,
        patience: Duration = .milliseconds(250),
        report: @escaping @Sendable (Notice) -> Void
    ) {
        self.admission = admission
        self.patience = patience
        self.report = report
    }

    /// How many questions got no answer.
    package var failures: Int { state.withLock(\.failures) }

    /// Waits until a connect may begin.
    package func admit(until deadline: Moment) async -> Verdict {
        var refusals = 0
        while true {
            guard mayAsk() else { return .proceed(nil) }
            guard let answer = await ask(until: deadline) else {
                return Task.isCancelled ? .cancelled(nil) : .proceed(nil)
            }
            switch answer {
            case .admitted(let wait, let ticket):
                let start = Moment.now + max(.zero, wait)
                guard start < deadline else { return .tooLate(until: start) }
                guard wait > .zero else { return .proceed(ticket) }
                return await sleep(until: start) ? .proceed(ticket) : .cancelled(ticket)
            case .refused(let pause):
                refusals += 1
                let jitter = Backoff.delay(attempt: refusals, jitter: .random(in: 0..<1), cap: .seconds(2))
                let next = Moment.now + max(.zero, pause) + jitter
                guard next < deadline else { return .tooLate(until: next) }
                guard await sleep(until: next) else { return .cancelled(nil) }
            }
        }
    }

    /// Gives tickets back.
    package func close(_ tickets: [ConnectTicket]) async {
        guard !tickets.isEmpty, mayAsk() else { return }
        let admission = admission
        let done = await bounded { try await admission.connectionsClosed(tickets) }
        // A caller that leaves says nothing about the one who was told.
        if Task.isCancelled { leaveProbe() } else { note(done.map { _ in }) }
    }

    private func ask(until deadline: Moment) async -> ConnectAdmissionAnswer? {
        let admission = admission
        let end = ContinuousClock.now + (deadline - .now)
        let result = await bounded { try await admission.connectRequested(until: end) }
        // A caller that leaves says nothing about the one who was asked.
        if Task.isCancelled { leaveProbe() } else { note(result.map { _ in }) }
        return try? result.get()
    }

    private func mayAsk() -> Bool {
        state.withLock { state in
            guard state.breaker.heldUntil(now: .now) == nil else { return false }
            _ = state.breaker.connectBegan(now: .now)
            return true
        }
    }

    private func leaveProbe() {
        state.withLock { $0.breaker.probeWasLeft() }
    }

    private func note(_ result: Result<Void, any Error>) {
        let notice: Notice? = state.withLock { state in
            switch result {
            case .success:
                state.breaker.connectSucceeded()
                defer { state.isReported = false }
                return state.isReported ? .answersAgain : nil
            case .failure(let error):
                state.failures += 1
                let isProbe = !state.breaker.isClosed
                _ = state.breaker.connectFailed(isProbe: isProbe, now: .now, jitter: .random(in: 0..<1))
                defer { state.isReported = true }
                return state.isReported ? nil : .unanswered(reason: "\(error)")
            }
        }
        if let notice { report(notice) }
    }

    /// Does something for as long as a question may take.
    private func bounded<T: Sendable>(
        _ question: @escaping @Sendable () async throws -> T
    ) async -> Result<T, any Error> {
        let limit = Moment.now + patience
        return await withTaskGroup(of: Result<T, any Error>.self) { group in
            group.addTask {
                do { return .success(try await question()) } catch { return .failure(error) }
            }
            group.addTask { [patience] in
                _ = await SocketWaiter.shared.sleep(at: Parking(), until: limit)
                return .failure(NoAnswer(description: "no answer within \(patience)"))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(NoAnswer(description: "no answer"))
        }
    }

    private func sleep(until time: Moment) async -> Bool {
        await SocketWaiter.shared.sleep(at: Parking(), until: time) != .cancelled
    }
}

private struct NoAnswer: Error, CustomStringConvertible {
    let description: String
}
