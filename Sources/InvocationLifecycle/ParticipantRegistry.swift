import Synchronization

/// Who wants to hear about the life of the process: the only thing that the engine and a host share.
///
/// Participants are held weakly, so a forgotten engine is not kept alive by having been registered.
package final class ParticipantRegistry: Sendable {
    /// The registry of this process.
    package static let shared = ParticipantRegistry()

    private struct Entry: Sendable {
        weak let participant: (any InvocationParticipant)?
    }

    private let entries = Mutex<[Entry]>([])

    package init() {}

    /// Adds a participant; one that is registered already is not added twice.
    package func register(_ participant: any InvocationParticipant) {
        entries.withLock { entries in
            entries.removeAll { $0.participant == nil || $0.participant === participant }
            entries.append(Entry(participant: participant))
        }
    }

    /// Takes a participant out again.
    package func deregister(_ participant: any InvocationParticipant) {
        entries.withLock { $0.removeAll { $0.participant == nil || $0.participant === participant } }
    }

    /// The living participants, in the order in which they were registered.
    package var participants: [any InvocationParticipant] {
        entries.withLock { $0.compactMap(\.participant) }
    }
}
