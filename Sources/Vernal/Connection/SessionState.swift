internal import PoolCore

/// What is known of a session that could reach the next caller.
struct SessionState: Sendable {
    private let policy: ResetPolicy
    /// Whether a statement was run that may have changed the session.
    private(set) var mayBeChanged = false
    /// Whether the program's own settings are not in force, because a reset has undone them.
    private(set) var needsConfiguring = false

    init(_ policy: ResetPolicy) {
        self.policy = policy
    }

    /// Whether it matters what the next statement does.
    var isWatched: Bool { policy == .automatic && !mayBeChanged }

    /// A statement is about to be run.
    mutating func willRun(_ traits: StatementTraits) {
        mayBeChanged = isWatched ? !traits.isDisjoint(with: .leftBehind) : mayBeChanged
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

    /// The program's settings are in force.
    mutating func wasConfigured() {
        needsConfiguring = false
        // What the program itself sets is what everybody is to find.
        mayBeChanged = false
    }
}
