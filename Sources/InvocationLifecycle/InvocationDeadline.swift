/// The instant by which the invocation that runs in this task has to be over.
///
/// A host sets it around the handler with `InvocationDeadline.$current.withValue(…)`; whoever waits for something
/// (a connection, a statement) reads it and gives up in time to say why. It is kept on `ContinuousClock`, which goes on
/// counting while the machine is suspended, so a deadline that passed during a freeze has passed.
package struct InvocationDeadline: Sendable, Hashable {
    /// When the platform ends the invocation.
    package let instant: ContinuousClock.Instant

    package init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    /// The deadline of the invocation that this task serves; `nil` outside an invocation or when the platform sets none.
    @TaskLocal package static var current: InvocationDeadline?
}
