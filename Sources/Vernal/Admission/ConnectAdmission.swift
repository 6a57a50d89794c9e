/// Somebody who decides for a whole fleet when a connection may be opened.
///
/// A process knows only its own connects. When a thousand processes start together, only somebody whom all of them ask can
/// keep them from connecting together. The engine asks before each connect, for a bounded time; when there is no answer,
/// or an error, it goes on by its own rules ("fail-open"), and says so once.
///
/// `VernalRedis` has one that keeps its books in Redis.
///
/// An implementation has to return when its task is cancelled, and must be safe to use from several tasks at a time.
public protocol ConnectAdmission: AnyObject, Sendable {
    /// Somebody wants to open a connection.
    ///
    /// - Parameter deadline: Until when a connection is worth anything to the caller.
    /// - Returns: When it may be opened.
    /// - Throws: Whatever keeps it from being decided.
    func connectRequested(until deadline: ContinuousClock.Instant) async throws -> ConnectAdmissionAnswer

    /// Connections that were admitted are closed, or were never made.
    ///
    /// - Parameter tickets: What they were admitted with.
    /// - Throws: Whatever keeps it from being noted; the tickets are not offered again.
    func connectionsClosed(_ tickets: [ConnectTicket]) async throws
}

extension ConnectAdmission {
    /// Does nothing: for those who give no tickets.
    public func connectionsClosed(_ tickets: [ConnectTicket]) async throws {}
}

/// What becomes of a connect that was asked for.
public enum ConnectAdmissionAnswer: Sendable, Hashable {
    /// It may begin after so long; the ticket, if there is one, is given back when the connection is closed.
    case admitted(after: Duration, ConnectTicket?)
    /// It may not begin now; it makes sense to ask again after so long at the earliest.
    case refused(askAgainAfter: Duration)
}

/// The place of one connection among those that a fleet may have open.
public struct ConnectTicket: Sendable, Hashable {
    /// Its name, which no other one has.
    public let id: String

    /// Makes a ticket.
    public init(id: String) {
        self.id = id
    }
}

extension EngineConfiguration {
    /// Who is asked before each connect; `nil` (the default) is nobody.
    public var connectAdmission: (any ConnectAdmission)? {
        get { admission?.value }
        set { admission = newValue.map { AdmissionReference(value: $0) } }
    }
}

/// Makes the one who is asked comparable: it is the same only if it is the very same.
struct AdmissionReference: Sendable, Hashable {
    let value: any ConnectAdmission

    static func == (left: AdmissionReference, right: AdmissionReference) -> Bool {
        left.value === right.value
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(value))
    }
}
