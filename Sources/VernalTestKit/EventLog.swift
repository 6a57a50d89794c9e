internal import Synchronization
package import Vernal

/// Writes down what happens in an engine.
package final class EventLog: Sendable {
    private let written = Mutex<[EngineEvent]>([])

    package init() {}

    /// Hooks that write everything down.
    package var hooks: EngineHooks {
        var hooks = EngineHooks()
        hooks.onEvent = { [self] event in written.withLock { $0.append(event) } }
        return hooks
    }

    /// All events, in their order.
    package var all: [EngineEvent] { written.withLock { $0 } }

    /// The events of one kind, in their order.
    package func events(_ kind: EngineEvent.Kind) -> [EngineEvent] { all.filter { $0.kind == kind } }
}
