/// When the server is told to end a session that rests, and what follows from that on this side.
///
/// A process that is frozen or lost cannot give its connections back; the server can take them.
package struct IdleSessionRule: Sendable, Hashable {
    /// What to do about one connection.
    package enum Step: Sendable, Hashable {
        /// Tell the server.
        case tell
        /// It is not known well enough what is in between; the backend can be asked.
        case findOut
        /// Leave the server as it is, and say why.
        case refrain(String)
    }

    /// The shortest time; with less a process would be busy making connections.
    package static let shortest: Duration = .seconds(1)
    /// The longest time: the server counts milliseconds in 32 bits.
    package static let longest: Duration = .milliseconds(Int64(Int32.max))
    /// The version of the server that learnt it: PostgreSQL 14.
    package static let firstVersion = 140_000

    private let timeout: Duration
    /// Whether the startup packet says something of it already, because the user wants that.
    private let isSetAtStartup: Bool

    /// - Parameters:
    ///   - timeout: how long a session may rest, from `shortest` to `longest`.
    ///   - options: the startup options of the connection.
    package init(_ timeout: Duration, options: String?) {
        self.timeout = timeout
        isSetAtStartup = options?.lowercased().contains("idle_session_timeout") ?? false
    }

    /// Decides about a connection that comes back.
    ///
    /// - Parameters:
    ///   - rules: what the upstream allows.
    ///   - kind: what the upstream is.
    ///   - serverVersion: 150018 is 15.18.
    ///   - canFindOut: whether a question may still show that nothing is in between.
    /// - Returns: what to do.
    package func step(_ rules: UpstreamRules, _ kind: UpstreamKind, serverVersion: Int, canFindOut: Bool) -> Step {
        if isSetAtStartup { return .refrain("the connection's options set idle_session_timeout, and that holds") }
        if serverVersion < Self.firstVersion { return .refrain("the server is older than PostgreSQL 14") }
        if rules.allowsIdleSessionTimeout { return .tell }
        if canFindOut { return .findOut }
        return .refrain(
            kind == .direct || kind == .unknown
                ? "it is not known that nothing is in between (if nothing is, set VERNAL_UPSTREAM=direct)"
                : "the upstream is \(kind.rawValue), whose sessions are not this process's alone"
        )
    }

    /// What the server is told.
    package var command: String { "SET idle_session_timeout = \(milliseconds(timeout))" }
    /// The same for a session that has to wait in silence.
    package static let suspension = "SET idle_session_timeout = 0"

    /// How much sooner this side gives a connection up than the server: what is on its way must arrive before the end.
    var margin: Duration { min(timeout / 4, .seconds(5)) }

    /// Whether the server has heard nothing of a session for so long that its time has to begin anew when the connection comes back.
    ///
    /// A borrower may have held it in silence, and the pool only knows when it came back.
    package func isLong(_ silence: Duration) -> Bool { silence > margin }

    /// How long a connection may lie in the pool: the server's time, less the silence before it and the margin at the end.
    package var longestIdle: Duration { timeout - margin * 2 }

    private func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
