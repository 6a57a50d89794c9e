/// Something that lives as long as the process and wants to know where in its life the process is.
///
/// The engine is one; the host calls these in the order of the protocol. Every call is bounded by the host, and every
/// requirement has an empty default.
package protocol InvocationParticipant: AnyObject, Sendable {
    /// What a person calls it, for messages.
    var name: String { get }

    /// Called once, before the first invocation. Throwing means that the process cannot serve: a failed cold start.
    func willStart() async throws

    /// Called before an invocation after a time in which the process may have been frozen.
    ///
    /// - Parameter gap: how long nothing ran, as far as the clocks can tell.
    func didThaw(gap: Duration) async

    /// Called when the answer is out and nothing is in flight: the process may be frozen when this returns.
    func willFreeze() async

    /// Called before the first invocation of a process that was restored from a snapshot, possibly one of several copies.
    func afterRestore() async

    /// Called once, when the process is about to end.
    ///
    /// - Parameter deadline: when the process will be killed.
    func willStop(by deadline: ContinuousClock.Instant) async
}

extension InvocationParticipant {
    package var name: String { "\(type(of: self))" }
    package func willStart() async throws {}
    package func didThaw(gap: Duration) async {}
    package func willFreeze() async {}
    package func afterRestore() async {}
    package func willStop(by deadline: ContinuousClock.Instant) async {}
}
