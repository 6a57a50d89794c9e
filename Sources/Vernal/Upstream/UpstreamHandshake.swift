internal import LibpqIO
internal import PoolCore

/// What a connection that was just made shows, without a round trip.
struct UpstreamHandshake: Sendable {
    private let host: String?
    private let port: Int?
    private let user: String?
    private let backendPID: Int32
    private let applicationName: String?
    private let sentApplicationName: String?
    private let serverVersion: String?

    /// - Parameters:
    ///   - link: the connection.
    ///   - name: the `application_name` that was most likely asked for.
    init(_ link: borrowing LibpqConnection, askedAs name: String) {
        host = link.host
        port = link.port
        user = link.user
        backendPID = link.backendPID
        applicationName = link.parameterStatus("application_name")
        // Libpq's whole list has to be made to be asked, a tenth of what a connect takes: nearly always for nothing.
        sentApplicationName = applicationName == name ? name : link.applicationName
        serverVersion = link.parameterStatus("server_version")
    }

    /// Adds it to what was known; a sign of a pooler is not forgotten for a later connection that shows none.
    func add(to evidence: inout UpstreamEvidence) {
        evidence.host = host ?? evidence.host
        evidence.port = port ?? evidence.port
        evidence.user = user ?? evidence.user
        if let known = evidence.backendPID, BackendKeyShape(known) != .plausible {
            // The number of another connection may be missing or too large in another way; both are strict.
            if BackendKeyShape(backendPID) == .missing { evidence.backendPID = backendPID }
        } else {
            evidence.backendPID = backendPID
        }
        if evidence.reportedApplicationName == nil || evidence.reportedApplicationName == evidence.sentApplicationName {
            evidence.reportedApplicationName = applicationName
            evidence.sentApplicationName = sentApplicationName
        }
        evidence.serverVersion = serverVersion ?? evidence.serverVersion
    }
}

extension UpstreamMessage {
    /// A message of the server in the words of the detector.
    ///
    /// - Parameters:
    ///   - message: the message.
    ///   - isNotice: whether it is no error.
    ///   - atConnect: whether it refused a connection, which some do with an ERROR.
    init(_ message: ServerMessage, isNotice: Bool = false, atConnect: Bool = false) {
        self.init(
            sqlState: message.sqlState ?? "",
            text: message.message,
            detail: message.detail,
            isFatal: message.isFatal || atConnect,
            isNotice: isNotice,
            lacksSeverityField: message.lacksSeverityField
        )
    }
}
