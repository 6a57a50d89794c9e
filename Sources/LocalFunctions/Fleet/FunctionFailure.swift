/// Why an invocation has no result, for reasons that are the platform's and not the handler's.
package enum FunctionFailure: Sendable, Hashable {
    /// The process ended before it answered.
    case exited(ProcessEnd)
    /// The process ended before it asked for an invocation.
    case exitedInInit(ProcessEnd)
    /// The deadline passed.
    case timedOut(after: Duration)
    /// The process did not ask for an invocation in time, nor in a second attempt.
    case initTimedOut(after: Duration)
    /// The process could not be started.
    case cannotStart(String)
    /// The process used more memory than it may, and was killed.
    case outOfMemory
    /// The response is larger than a response may be.
    case responseTooLarge(bytes: Int)
    /// The environment was ended from outside.
    case environmentEnded
}

/// How a process ended.
package enum ProcessEnd: Sendable, Hashable {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case signaled(Int32)
}

extension FunctionFailure {
    /// The error type that clients see.
    package var errorType: String {
        switch self {
        case .exited, .exitedInInit, .outOfMemory, .environmentEnded: "Runtime.ExitError"
        case .timedOut, .initTimedOut: "Sandbox.Timedout"
        case .cannotStart: "Runtime.InvalidEntrypoint"
        case .responseTooLarge: "Function.ResponseSizeTooLarge"
        }
    }

    /// The message that clients see, in the platform's words.
    package func message(for invocation: InvocationID) -> String {
        let reason =
            switch self {
            case .exited(let end), .exitedInInit(let end): "Runtime exited \(end.words)"
            case .outOfMemory, .environmentEnded: "Runtime exited with error: signal: killed"
            case .timedOut(let limit), .initTimedOut(let limit): "Task timed out after \(limit.seconds) seconds"
            case .cannotStart(let reason): "Couldn't start the function: \(reason)"
            case .responseTooLarge(let bytes):
                "Response payload size (\(bytes) bytes) exceeded maximum allowed payload size (6291556 bytes)."
            }
        if case .responseTooLarge = self { return reason }
        return "RequestId: \(invocation) Error: \(reason)"
    }
}

extension ProcessEnd {
    /// As the platform's log words it.
    package var words: String {
        switch self {
        case .exited(0): "without providing a reason"
        case .exited(let status): "with error: exit status \(status)"
        case .signaled(let signal): "with error: signal: \(Self.signalNames[signal] ?? "\(signal)")"
        }
    }

    private static let signalNames: [Int32: String] = [
        1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
        7: "bus error", 8: "floating point exception", 9: "killed", 11: "segmentation fault", 13: "broken pipe",
        15: "terminated",
    ]
}

extension Duration {
    /// Seconds with two digits, as the platform prints limits.
    package var seconds: String {
        let hundredths = Int((self / .milliseconds(10)).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}
