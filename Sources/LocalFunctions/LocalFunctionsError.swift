/// What can go wrong around the functions; the text says what to do about it.
package enum LocalFunctionsError: Error, Sendable, CustomStringConvertible {
    /// The address is taken, or is none.
    case cannotListen(host: String, port: Int, reason: String)
    /// Nobody listens there.
    case cannotReach(host: String, port: Int)
    /// The client went away in the middle of its request.
    case requestIncomplete
    /// The server went away in the middle of its answer.
    case answerIncomplete
    /// The program cannot be run.
    case notAProgram(String)

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port) (\(reason)); another emulator may be running there: "
                + "end it, or choose another address with --listen"
        case .cannotReach(let host, let port):
            "nobody answers at \(host):\(port); start 'vernal run' first, or say where it is with --url"
        case .requestIncomplete: "the client went away in the middle of its request"
        case .answerIncomplete: "the connection was closed in the middle of the answer"
        case .notAProgram(let reason): reason
        }
    }
}
