/// What the shell has to do after an event.
package enum FleetAction: Sendable, Hashable {
    /// Make the environment's process.
    case start(EnvironmentID)
    /// Give the invocation to the environment: to the request that waits, or where there are none, at once.
    case deliver(InvocationID, to: EnvironmentID, poll: PollID?)
    /// Tell an extension within the function of the invocation.
    case notify(extension: String, InvocationID, in: EnvironmentID)
    /// Stop the process group in its tracks.
    case freeze(EnvironmentID)
    /// Let the process group go on.
    case thaw(EnvironmentID)
    /// Ask the process group to end.
    case terminate(EnvironmentID)
    /// End the process group.
    case kill(EnvironmentID)
    /// Tell the client that there is no result.
    case fail(InvocationID, FunctionFailure, in: EnvironmentID?)
    /// Tell the client that there is no room.
    case reject(InvocationID)
    /// The environment is done with the invocation, also with what it did after its answer.
    case settle(InvocationID, EnvironmentID)
}

/// What an environment hears when it posts something.
package enum RuntimeVerdict: Sendable, Hashable {
    case accepted
    /// No such invocation is in this environment.
    case unknownInvocation
    /// The invocation is not at a point where this can be said.
    case wrongState(from: String, to: String)
    /// The deadline has passed, and the client was told so.
    case tooLate
}
