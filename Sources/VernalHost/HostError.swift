/// Why the host could not start or had to end.
///
/// The description says what to do about it and is safe to log.
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, as an open set: more codes may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String, Sendable { case invalidPort, cannotBind, listenerFailed, startFailed, startTimedOut }
        private let name: Name

        /// The port in the options or in `PORT` is not a port.
        public static let invalidPort = Code(name: .invalidPort)
        /// The address cannot be listened on: it is in use, is not this machine's, or needs privileges.
        public static let cannotBind = Code(name: .cannotBind)
        /// The listener broke while the host was serving.
        public static let listenerFailed = Code(name: .listenerFailed)
        /// Something that takes part in the life of the process could not start.
        public static let startFailed = Code(name: .startFailed)
        /// Something that takes part in the life of the process did not start in time.
        public static let startTimedOut = Code(name: .startTimedOut)

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
