import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Ends a command when our own process was killed and could not do it itself.
///
/// A shell waits at a pipe that only we hold: a line there dismisses it, an end of file means that we are gone.
final class OrphanGuard: Sendable {
    private let pipe = Pipe()

    init() {
        // The command must not inherit the writing end, else it would keep the guard waiting.
        _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }

    private static let script = #"exec 3<&0; { read -r line <&3 || kill -TERM "$1"; } 2>/dev/null &"#

    /// Leaves the guard behind, in a session of its own.
    func watch(_ process: pid_t) async throws {
        var platform = PlatformOptions()
        platform.createSession = true
        _ = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", Self.script, "sh", "\(process)"],
            platformOptions: platform,
            input: .fileDescriptor(
                FileDescriptor(rawValue: pipe.fileHandleForReading.fileDescriptor),
                closeAfterSpawningProcess: false
            ),
            output: .discarded,
            error: .discarded
        )
    }

    /// Tells the guard that the process has ended by itself.
    func dismiss() {
        try? pipe.fileHandleForWriting.write(contentsOf: Data("done\n".utf8))
    }
}
