package import Moments
internal import Synchronization

/// The instant by which the invocation that runs in this task has to be over.
///
/// A host sets it around the handler with `InvocationDeadline.$bound.withValue(…)`; whoever waits for something
/// (a connection, a statement) reads it and gives up in time to say why. The clock goes on counting while the
/// machine is suspended, so a deadline that passed during a freeze has passed.
package struct InvocationDeadline: Sendable, Hashable {
    /// When the platform ends the invocation.
    package let moment: Moment

    /// Whether there ever was one in this process: where none was, none has to be looked for.
    private static let exists = Atomic<Bool>(false)

    package init(_ instant: ContinuousClock.Instant) {
        moment = Moment(instant)
        Self.exists.store(true, ordering: .relaxed)
    }

    /// What a host sets.
    @TaskLocal package static var bound: InvocationDeadline?

    /// The deadline of the invocation that this task serves; `nil` outside an invocation or when the platform sets none.
    package static var current: InvocationDeadline? { exists.load(ordering: .relaxed) ? bound : nil }
}
