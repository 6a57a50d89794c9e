/// What went wrong in a conversation with a server.
///
/// Nothing in here is a secret: no password, no parameter, no connection string.
package struct LibpqError: Error, Sendable, Hashable {
    /// What kind of failure it is.
    package enum Code: Sendable, Hashable {
        /// The connection settings make no sense; nothing was tried.
        case invalidSettings
        /// The name of the host has no address.
        case nameNotResolved
        /// No connection came about, and no server said why: refused, unreachable, closed in mid-handshake, no TLS, ….
        case connectFailed
        /// The server refused the connection and said why.
        case connectRefused
        /// The server answered a statement with an error.
        case server
        /// The connection broke.
        case connectionLost
        /// The deadline passed.
        case timedOut
        /// The task was cancelled.
        case cancelled
        /// The statement cannot be run in this way: nothing was sent.
        case unsupported
    }

    /// How far a connect had come.
    package enum ConnectPhase: String, Sendable, Hashable {
        case nameResolution = "name resolution"
        case transport = "TCP connect"
        case tls = "TLS handshake"
        case authentication = "authentication"
    }

    package var code: Code
    /// A sentence for a person.
    package var message: String
    /// What the server said, if it said anything.
    package var server: ServerMessage? {
        get { if case .message(let message) = heard { message } else { nil } }
        set { heard = newValue.map { .message($0) } ?? .nothing }
    }
    /// How far the connect had come, for errors of a connect.
    package var phase: ConnectPhase?
    /// Whether any part of a statement may have reached the server.
    package var statementWasSent = false
    /// Which statement of a pipeline it is about, from 0.
    package var statementIndex: Int?

    package init(
        _ code: Code,
        _ message: String,
        server: ServerMessage? = nil,
        phase: ConnectPhase? = nil,
        statementWasSent: Bool = false
    ) {
        self.code = code
        self.message = message
        self.phase = phase
        self.statementWasSent = statementWasSent
        self.server = server
    }

    /// Indirect, because every call keeps room for the error that it may throw.
    private indirect enum Heard: Sendable, Hashable {
        case nothing
        case message(ServerMessage)
    }

    private var heard = Heard.nothing
}
