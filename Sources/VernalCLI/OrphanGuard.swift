import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Ends a command when our own process was killed and could not do it itself.
///
/// A shell waits at a pipe that only we hold: the first line there names the command, a second one dismisses it, and an end
/// of file in between means that we are gone.
final class OrphanGuard: Sendable {
    private let pipe = Pipe()

    init() {
        // The command must not inherit the writing end, else it would keep the guard waiting.
        _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }

    private static let script =
        #"exec 3<&0; { read -r pid <&3 && { read -r end <&3 || kill -TERM "$pid"; }; } 2>/dev/null &"#

    /// Leaves the guard behind, in a session of its own.
    ///
    /// Before the command is started, so that there is no moment at which the command runs and nobody guards it.
    func begin() async throws {
        var platform = PlatformOptions()
        platform.createSession = true
        _ = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", Self.script],
            platformOptions: platform,
            input: .fileDescriptor(
                FileDescriptor(rawValue: pipe.fileHandleForReading.fileDescriptor),
                closeAfterSpawningProcess: false
            ),
            output: .discarded,
            error: .discarded
        )
    }

    /// Tells the guard which process it has to end.
    func watch(_ process: pid_t) {
        tell("\(process)")
    }

    /// Tells the guard that there is nothing to end any more.
    func dismiss() {
        tell("done")
    }

    private func tell(_ line: String) {
        try? pipe.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }
}
