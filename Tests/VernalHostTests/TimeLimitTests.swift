import Foundation
import Synchronization
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct TimeLimitTests {
    private struct Refused: Error {}

    private final class Flag: Sendable {
        private let raised = Atomic(false)

        var isRaised: Bool { raised.load(ordering: .acquiring) }

        func raise() { raised.store(true, ordering: .releasing) }
    }

    private let timer = DeadlineTimer()

    /// The thread that runs the caller, who is asked for no other.
    private static func thread() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }

    @Test func `what needs no wait is done at once, by the thread of the caller`() async throws {
        for _ in 0..<100 {
            let here = Self.thread()
            let isHere = Flag()
            try await withTimeLimit(.seconds(60), by: timer) { if Self.thread() == here { isHere.raise() } }
            #expect(isHere.isRaised)
        }
    }

    @Test func `an operation that waits is waited for, and what it throws is thrown`() async throws {
        for limit in [Duration.seconds(60), .milliseconds(1)] {
            let isDone = Flag()
            // Not cancelled by its sleep, so that the long way round is gone as well.
            let begun = ContinuousClock.now
            do {
                try await withTimeLimit(limit, by: timer) {
                    await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
                    isDone.raise()
                }
                #expect(limit == .seconds(60))
            } catch is TimeLimitExceeded {
                #expect(limit == .milliseconds(1))
            }
            #expect(isDone.isRaised && begun.duration(to: .now) < .seconds(30))
        }
        await #expect(throws: Refused.self) {
            try await withTimeLimit(.seconds(60), by: timer) { throw Refused() }
        }
        await #expect(throws: Refused.self) {
            try await withTimeLimit(.seconds(60), by: timer) {
                try await Task.sleep(for: .milliseconds(5))
                throw Refused()
            }
        }
    }

    @Test func `an operation that takes too long is cancelled, and it is the limit that is told of`() async {
        let wasCancelled = Flag()
        await #expect(throws: TimeLimitExceeded.self) {
            try await withTimeLimit(.milliseconds(5), by: timer) {
                defer { if Task.isCancelled { wasCancelled.raise() } }
                try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(wasCancelled.isRaised)
    }

    @Test func `the cancellation of the caller reaches the operation`() async throws {
        let task = Task { [timer] in
            try await withTimeLimit(.seconds(60), by: timer) { try await Task.sleep(for: .seconds(60)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `an operation may end in the very moment in which its time is over`() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask { [timer] in
                    let time = Duration.microseconds(number % 50 * 40)
                    try? await withTimeLimit(time, by: timer) { try await Task.sleep(for: time) }
                }
            }
        }
    }
}
