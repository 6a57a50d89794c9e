/// What there is to tell about the functions.
package enum PlatformEvent: Sendable {
    /// The function wrote a line.
    case line(EnvironmentID, String)
    /// An invocation begins.
    case started(EnvironmentID, InvocationID)
    /// An invocation is over.
    case reported(EnvironmentID, InvocationReport)
    /// An environment came into a phase.
    case environment(EnvironmentID, EnvironmentState.Phase)
    /// Something the developer should know.
    case notice(EnvironmentID?, String)
}

/// The numbers of one invocation, as the platform reports them.
package struct InvocationReport: Sendable, Equatable {
    package let invocation: InvocationID
    package let duration: Duration
    /// Megabytes.
    package let memorySize: Int
    /// Bytes; `nil` where the system does not tell.
    package let maxMemory: Int?
    /// From the start of the process to its first request for an invocation; `nil` when it was there already.
    package let initDuration: Duration?
    /// Why there was no result.
    package let failure: FunctionFailure?

    package init(
        invocation: InvocationID,
        duration: Duration,
        memorySize: Int,
        maxMemory: Int?,
        initDuration: Duration?,
        failure: FunctionFailure?
    ) {
        self.invocation = invocation
        self.duration = duration
        self.memorySize = memorySize
        self.maxMemory = maxMemory
        self.initDuration = initDuration
        self.failure = failure
    }

    /// The platform's line.
    package var line: String {
        var fields = [
            "REPORT RequestId: \(invocation)", "Duration: \(duration.milliseconds) ms",
            "Billed Duration: \(Int((duration / .milliseconds(1)).rounded(.up))) ms", "Memory Size: \(memorySize) MB",
        ]
        if let maxMemory { fields.append("Max Memory Used: \((maxMemory + 1_048_575) / 1_048_576) MB") }
        if let initDuration { fields.append("Init Duration: \(initDuration.milliseconds) ms") }
        switch failure {
        case .timedOut, .initTimedOut: fields.append("Status: timeout")
        case .some(let failure): fields.append("Status: error\tError Type: \(failure.errorType)")
        case nil: break
        }
        return fields.joined(separator: "\t")
    }
}

extension Duration {
    /// Milliseconds with two digits, as the platform prints them.
    package var milliseconds: String {
        let hundredths = Int((self / .microseconds(10)).rounded())
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }
}
