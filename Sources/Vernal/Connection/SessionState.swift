internal import PoolCore

/// What is known of a session that could reach the next caller.
struct SessionState: Sendable {
    /// Whether the server was told to end the session when it rests.
    enum IdleTimeout: Sendable {
        /// It never was.
        case untold
        /// It was.
        ///
        /// `isAlone`: in a command of its own, so that its failure can be told from that of others.
        case inForce(isAlone: Bool)
        /// It was, and something may have changed that since.
        case uncertain
    }

    private let policy: ResetPolicy
    /// Whether a statement was run that may have changed the session.
    private(set) var mayBeChanged = false
    /// Whether the program's own settings are not in force, because a reset has undone them.
    private(set) var needsConfiguring = false
    private(set) var idleTimeout = IdleTimeout.untold

    init(_ policy: ResetPolicy) {
        self.policy = policy
    }

    /// Whether it matters what the next statement does.
    var isWatched: Bool { isWatchedForReset || endsWhenIdle }

    private var isWatchedForReset: Bool { policy == .automatic && !mayBeChanged }

    /// Whether the server may end the session when it rests for too long.
    var mayEndWhenIdle: Bool { if case .untold = idleTimeout { false } else { true } }

    /// Whether the server surely ends the session when it rests for too long.
    var endsWhenIdle: Bool { if case .inForce = idleTimeout { true } else { false } }

    /// A statement is about to be run.
    mutating func willRun(_ traits: StatementTraits) {
        if isWatchedForReset { mayBeChanged = traits.intersects(.leftBehind) }
        if endsWhenIdle, traits.intersects(.changesSettings) { idleTimeout = .uncertain }
    }

    /// The commands that clean the session; `nil` when it needs none.
    var resetCommands: String? {
        switch policy.rule {
        case .automatic: mayBeChanged ? "DISCARD ALL" : nil
        case .rollbackOnly: nil
        case .discardAll: "DISCARD ALL"
        case .custom(let statements): statements
        }
    }

    /// The session was cleaned.
    mutating func wasReset(undoingSettings: Bool) {
        mayBeChanged = false
        needsConfiguring = needsConfiguring || undoingSettings
    }

    /// The server is told to end the session when it rests.
    mutating func willEndWhenIdle(isAlone: Bool) { idleTimeout = .inForce(isAlone: isAlone) }

    /// The server is told for a while not to end the session.
    mutating func willStayWhenIdle() { idleTimeout = .uncertain }

    /// The program's settings are in force.
    mutating func wasConfigured() {
        needsConfiguring = false
        // What the program itself sets is what everybody is to find.
        mayBeChanged = false
    }
}
