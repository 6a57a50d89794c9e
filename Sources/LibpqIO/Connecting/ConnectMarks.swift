package import Moments

/// When each step of a connect was done; `nil` for what was not reached or not needed.
///
/// Where several addresses were tried, they are those of the last one.
package struct ConnectMarks: Sendable, Hashable {
    /// The connect began.
    package internal(set) var begun: Moment?
    /// The name of the host has an address; `nil` for a socket in the file system.
    package internal(set) var resolved: Moment?
    /// The address was turned to.
    package internal(set) var started: Moment?
    /// The server has accepted the connection.
    package internal(set) var accepted: Moment?
    /// The connection is encrypted.
    package internal(set) var encrypted: Moment?
    /// The server has let the user in.
    package internal(set) var connected: Moment?

    /// What is being done, or was done last when the connect failed.
    package internal(set) var phase = LibpqError.ConnectPhase.nameResolution

    package init() {}

    /// An address is turned to.
    mutating func started(hasAddressOfItsOwn: Bool) {
        started = .now
        phase = .transport
        if hasAddressOfItsOwn { resolved = started }
        accepted = nil
        encrypted = nil
    }

    /// libpq has gone on with the connect.
    mutating func went(
        from before: LibpqError.ConnectPhase,
        to phase: LibpqError.ConnectPhase,
        isEncrypted: Bool
    ) {
        if accepted == nil, phase != .transport { accepted = .now }
        self.phase = phase
        if before == .tls, phase != .tls, isEncrypted { encrypted = .now }
    }
}
