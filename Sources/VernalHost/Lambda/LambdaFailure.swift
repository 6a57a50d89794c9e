/// An error as the platform and the caller of a Lambda function get to see it.
package struct LambdaFailure: Error, Sendable, Hashable {
    /// The kind, such as `Function.Timeout`; what does not look like one is replaced by the platform.
    package let type: String
    /// What went wrong, for a person.
    package let message: String

    package init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    /// What a handler threw: the kind is the name of the error's type.
    ///
    /// The message is the error's description, because the caller of an event is an AWS service or somebody with the
    /// rights to invoke the function, and needs it to find the fault. It is cut at 8 KiB.
    package init(_ error: any Error) {
        let name = "\(Swift.type(of: error))".prefix { $0 != "<" }.filter { $0.isASCII && $0.isLetter }
        let first = name.first?.uppercased() ?? ""
        type = "Function." + (name.count < 2 ? "Error" : first + name.dropFirst())
        let text = "\(error)"
        message = text.utf8.count <= 8192 ? text : String(text.unicodeScalars.prefix(8192 / 4)) + "…"
    }

    /// What is posted, in the form that the platform asks for.
    package var json: [UInt8] {
        Array(
            "{\"errorType\":\(jsonString(type)),\"errorMessage\":\(jsonString(message)),\"stackTrace\":[]}".utf8
        )
    }
}

extension LambdaFailure {
    /// The handler did not answer before its deadline.
    package static let timeout = LambdaFailure(
        type: "Function.Timeout",
        message: "the function did not answer in time: it was cancelled shortly before the platform would have ended it"
    )

    /// The process is about to end.
    package static let stopping = LambdaFailure(type: "Function.Stopping", message: "the function is shutting down")

    /// An event came to a function that only has a handler of requests.
    package static let notHTTP = LambdaFailure(
        type: "Function.NotAnHTTPEvent",
        message: "the event is no HTTP request (API Gateway, function URL, load balancer); "
            + "a function that takes other events calls FunctionHost.serveEvents"
    )

    /// The answer is larger than the platform takes.
    package static func tooLarge(_ bytes: Int) -> LambdaFailure {
        LambdaFailure(
            type: "Function.ResponseSizeTooLarge",
            message: "the response has \(bytes) bytes, and the platform takes \(LambdaLimits.responseBytes) at most"
        )
    }
}

/// What the platform puts limits to.
package enum LambdaLimits {
    /// The largest response: 6 MiB and 100 bytes, which the service and its emulators refuse to exceed.
    package static let responseBytes = 6 * 1024 * 1024 + 100
    /// The largest answer of the runtime API that is read: events have 6 MiB at most, and this leaves room.
    package static let eventBytes = 16 * 1024 * 1024
}
