package import Moments

/// The instant by which the invocation that runs in this task has to be over.
///
/// A host sets it around the handler with `InvocationDeadline.$current.withValue(…)`; whoever waits for something
/// (a connection, a statement) reads it and gives up in time to say why. The clock goes on counting while the
/// machine is suspended, so a deadline that passed during a freeze has passed.
package struct InvocationDeadline: Sendable, Hashable {
    /// When the platform ends the invocation.
    package let moment: Moment

    package init(_ instant: ContinuousClock.Instant) {
        moment = Moment(instant)
    }

    /// The deadline of the invocation that this task serves; `nil` outside an invocation or when the platform sets none.
    @TaskLocal package static var current: InvocationDeadline?
}
