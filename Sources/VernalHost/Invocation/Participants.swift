import InvocationLifecycle
import Logging

/// Tells the participants where in its life the process is: in their order, each call within a limit.
struct Participants: Sendable {
    /// What the platforms allow for a cold start.
    static let startLimit = Duration.seconds(10)
    /// How long an invocation boundary may take; what is longer is work that belongs into an invocation.
    static let boundaryLimit = Duration.seconds(1)

    let registry: ParticipantRegistry
    let logger: Logger
    private let timer = DeadlineTimer()

    /// Starts those that are there; one that is registered later starts on its own.
    func willStart(within limit: Duration = Self.startLimit) async throws(HostError) {
        for participant in registry.participants {
            do {
                try await withTimeLimit(limit, by: timer) { try await participant.willStart() }
            } catch is TimeLimitExceeded {
                throw HostError(.startTimedOut, "\(participant.name) did not start within \(limit)")
            } catch {
                throw HostError(.startFailed, "\(participant.name) could not start: \(error)")
            }
        }
    }

    func didThaw(gap: Duration) async {
        await tell("didThaw", within: Self.boundaryLimit) { await $0.didThaw(gap: gap) }
    }

    func willFreeze(within limit: Duration = Self.boundaryLimit) async {
        await tell("willFreeze", within: limit) { await $0.willFreeze() }
    }

    func willStop(by deadline: ContinuousClock.Instant) async {
        await tell("willStop", within: ContinuousClock.now.duration(to: deadline)) { await $0.willStop(by: deadline) }
    }

    private func tell(
        _ event: String,
        within limit: Duration,
        _ call: @escaping @Sendable (any InvocationParticipant) async -> Void
    ) async {
        let participants = registry.participants
        guard !participants.isEmpty else { return }
        do {
            try await withTimeLimit(limit, by: timer) { for participant in participants { await call(participant) } }
        } catch is TimeLimitExceeded {
            logger.warning("participants took too long", metadata: ["event": "\(event)", "limit": "\(limit)"])
        } catch {}  // The invocation was cancelled, and its participants with it.
    }
}
