/// All that is known of an upstream: from its address, from the handshake, from what it has said since, and from a probe.
///
/// Nothing in here is a secret.
package struct UpstreamEvidence: Sendable, Hashable {
    /// What the user says that it is.
    package struct Override: Sendable, Hashable {
        package var kind: UpstreamKind
        package var mode: PoolingMode
        /// Whether the pooler keeps prepared statements for each of its clients, which none tells so far.
        package var keepsStatements: Bool
        /// Where it is said, for the reasons: a setting, a variable, an option of the URL.
        package var source: String

        package init(_ kind: UpstreamKind, _ mode: PoolingMode, keepsStatements: Bool = false, source: String) {
            self.kind = kind
            self.mode = mode
            self.keepsStatements = keepsStatements
            self.source = source
        }
    }

    package var override: Override?
    /// The host name, the address, or the folder of the socket.
    package var host: String? { didSet { if host != oldValue { lookAtAddress() } } }
    package var port: Int? { didSet { if port != oldValue { lookAtAddress() } } }
    package var user: String? { didSet { if user != oldValue { lookAtAddress() } } }
    /// What the address alone says; `nil` when it says nothing.
    ///
    /// Kept, because it is the larger part of a verdict's work and hardly ever changes.
    private(set) var address: UpstreamVerdict?

    /// The process that the server announced; `nil` before the handshake, 0 when it announced none.
    package var backendPID: Int32?
    /// The `application_name` that was asked for.
    package var sentApplicationName: String?
    /// The `application_name` that the server reported.
    package var reportedApplicationName: String?
    /// The parameter `server_version`, as it was reported.
    package var serverVersion: String?

    /// What messages gave away.
    package private(set) var signals: [UpstreamSignal] = []
    package var probe: UpstreamProbe?
    /// The SQLSTATE with which a prepared statement was not there when it was to be run (26000), or could not be prepared because its
    /// name was taken (42P05); `nil` as long as neither has happened.
    package var lostStatement: String?

    package init(host: String? = nil, port: Int? = nil, user: String? = nil) {
        self.host = host
        self.port = port
        self.user = user
        lookAtAddress()
    }

    private mutating func lookAtAddress() {
        address = UpstreamAddress.verdict(host: host, port: port, user: user)
    }

    /// Adds what a message gives away.
    ///
    /// - Returns: whether it is something new.
    package mutating func add(_ signal: UpstreamSignal) -> Bool {
        // A bounded set: there are not many kinds of signals.
        guard !signals.contains(signal) else { return false }
        signals.append(signal)
        return true
    }
}

/// The shape of the process number in BackendKeyData.
package enum BackendKeyShape: Sendable, Hashable {
    /// There was no BackendKeyData.
    case missing
    /// What a process on Linux can have: up to 2²², which is also what some poolers send.
    case plausible
    /// More than any process has.
    case tooLarge
    /// Read as a signed number it is below 0, which takes all 32 bits.
    case negative

    package init(_ backendPID: Int32) {
        self =
            switch backendPID {
            case 0: .missing
            case ..<0: .negative
            case 1...(1 << 22): .plausible
            default: .tooLarge
            }
    }
}

/// The answer to one row of questions about the backend that serves a connection.
package struct UpstreamProbe: Sendable, Hashable {
    /// The process that the connection announced.
    package var announcedPID: Int32
    /// `pg_backend_pid()`.
    package var backendPID: Int32
    /// The port that the backend sees its client at; `nil` over a unix socket, or when it may not be seen.
    package var clientPort: Int?
    /// The port that the client sees itself at.
    package var localPort: Int?
    /// Whether the backend's connection is encrypted, and the client's.
    package var isBackendEncrypted: Bool?
    package var isClientEncrypted: Bool
    /// How much older the backend is than the client's connection, in seconds.
    package var backendHeadStart: Double?

    package init(
        announcedPID: Int32,
        backendPID: Int32,
        clientPort: Int? = nil,
        localPort: Int? = nil,
        isBackendEncrypted: Bool? = nil,
        isClientEncrypted: Bool = false,
        backendHeadStart: Double? = nil
    ) {
        self.announcedPID = announcedPID
        self.backendPID = backendPID
        self.clientPort = clientPort
        self.localPort = localPort
        self.isBackendEncrypted = isBackendEncrypted
        self.isClientEncrypted = isClientEncrypted
        self.backendHeadStart = backendHeadStart
    }
}
