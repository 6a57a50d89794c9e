/// Why the host could not start or had to end.
///
/// The description says what to do about it and is safe to log.
public struct HostError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, as an open set: more codes may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String, Sendable {
            case invalidPort, invalidEnvironment, cannotBind, listenerFailed, startFailed, startTimedOut,
                runtimeAPIFailed
        }

        private let name: Name

        /// The port in the options or in `PORT` is not a port.
        public static let invalidPort = Code(name: .invalidPort)
        /// A variable of the environment that says where the function runs is malformed.
        public static let invalidEnvironment = Code(name: .invalidEnvironment)
        /// The address cannot be listened on: it is in use, is not this machine's, or needs privileges.
        public static let cannotBind = Code(name: .cannotBind)
        /// The listener broke while the host was serving.
        public static let listenerFailed = Code(name: .listenerFailed)
        /// Something that takes part in the life of the process could not start.
        public static let startFailed = Code(name: .startFailed)
        /// Something that takes part in the life of the process did not start in time.
        public static let startTimedOut = Code(name: .startTimedOut)
        /// The runtime API of AWS Lambda cannot be reached or has refused to go on; the process has to end.
        public static let runtimeAPIFailed = Code(name: .runtimeAPIFailed)

        /// The name of the code.
        public var description: String { name.rawValue }
    }

    /// What went wrong.
    public let code: Code
    /// What went wrong, for a person.
    public let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
