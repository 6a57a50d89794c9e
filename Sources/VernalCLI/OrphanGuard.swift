import Foundation
import LocalFunctions

/// Ends a command when our own process was killed and could not do it itself.
///
/// The first line to the guard names the command, a second one dismisses it, and an end of file in between means that we are
/// gone.
final class OrphanGuard: Sendable {
    private let shell = GuardShell(
        #"exec 3<&0; { read -r pid <&3 && { read -r end <&3 || kill -TERM "$pid"; }; } 2>/dev/null &"#
    )

    /// Leaves the guard behind.
    ///
    /// Before the command is started, so that there is no moment at which the command runs and nobody guards it.
    func begin() async throws { try await shell.begin() }

    /// Tells the guard which process it has to end.
    func watch(_ process: pid_t) { shell.tell("\(process)") }

    /// Tells the guard that there is nothing to end any more.
    func dismiss() { shell.tell("done") }
}
