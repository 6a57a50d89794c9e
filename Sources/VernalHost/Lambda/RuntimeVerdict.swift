/// What to do after an answer of the runtime API to "next".
package enum NextVerdict: Sendable, Equatable {
    /// An invocation came.
    case handle(LambdaInvocation)
    /// Nothing yet: an emulator that does not hold the request open. Ask again soon.
    case askAgain
    /// The environment cannot be saved; the platform starts another one when the process has ended.
    case end(HostError)

    package init(_ response: RuntimeResponse) {
        switch response.status {
        case 200:
            if let invocation = LambdaInvocation(response.headers) {
                self = .handle(invocation)
            } else {
                self = .end(HostError(.runtimeAPIFailed, "the runtime API sent an invocation without an ID"))
            }
        case 204: self = .askAgain
        case let status:
            // Asking again would spin: an API that has refused once goes on refusing.
            self = .end(
                HostError(.runtimeAPIFailed, "the runtime API answered the wait for an invocation with \(status)")
            )
        }
    }
}

/// What to do after an answer of the runtime API to a response or an error of ours.
package enum PostVerdict: Sendable, Equatable {
    /// It arrived.
    case delivered
    /// It was refused and nobody else can be told: the invocation is over for us, and a second try would be refused, too.
    case refused
    /// The environment cannot be saved.
    case end(HostError)

    package init(status: Int) {
        switch status {
        case 200..<300: self = .delivered
        case 400..<500: self = .refused
        // "Container error. Non-recoverable state. Runtime should exit promptly."
        default: self = .end(HostError(.runtimeAPIFailed, "the runtime API answered a response with \(status)"))
        }
    }
}
