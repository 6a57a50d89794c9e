package import NIOHTTP1

/// One invocation as the runtime API hands it over, without its event.
package struct LambdaInvocation: Sendable, Hashable {
    /// Names the invocation in every answer about it.
    package let requestID: String
    /// Names this attempt at the invocation, on managed instances: given back with the answer.
    package let attemptID: String?
    /// When the platform ends the invocation, in milliseconds since 1970; `nil` when it said nothing that is a number.
    package let deadlineMilliseconds: Int64?
    /// What else it said.
    package let details: LambdaDetails

    /// Reads the header of the answer to "next"; `nil` without a usable ID, because nobody could be answered.
    ///
    /// The names and their meaning: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    package init?(_ headers: HTTPHeaders) {
        guard let id = headers.first(name: "Lambda-Runtime-Aws-Request-Id"), Self.isUsable(id) else { return nil }
        requestID = id
        attemptID = headers.first(name: "Lambda-Runtime-Invocation-Id")
        deadlineMilliseconds = headers.first(name: "Lambda-Runtime-Deadline-Ms").flatMap { Int64($0) }
        var details = LambdaDetails()
        details.functionARN = headers.first(name: "Lambda-Runtime-Invoked-Function-Arn")
        details.traceID = headers.first(name: "Lambda-Runtime-Trace-Id")
        details.clientContext = headers.first(name: "Lambda-Runtime-Client-Context")
        details.cognitoIdentity = headers.first(name: "Lambda-Runtime-Cognito-Identity")
        details.tenantID = headers.first(name: "Lambda-Runtime-Aws-Tenant-Id")
        self.details = details
    }

    /// Whether the ID can stand in a path and a log: it becomes a part of both.
    private static func isUsable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// How long the invocation may still take, as far as the platform's deadline can be meant.
    ///
    /// One that cannot be is one which has passed already or is more than a day away: a Lambda function ends after 15 minutes, but
    /// emulators send 1970 (cargo-lambda) or a hundred years from now (the Runtime Interface Emulator for managed instances).
    ///
    /// - Parameter now: The time of day, in milliseconds since 1970.
    /// - Returns: the time that is left; `nil` without a deadline.
    package func remaining(at now: Int64) -> Duration? {
        guard let deadlineMilliseconds else { return nil }
        let (difference, overflows) = deadlineMilliseconds.subtractingReportingOverflow(now)
        guard !overflows, difference > 0, difference <= 86_400_000 else { return nil }
        return .milliseconds(difference)
    }
}
