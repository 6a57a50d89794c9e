import Foundation
internal import Subprocess

#if canImport(System)
internal import System
#else
internal import SystemPackage
#endif

/// A shell that is left behind to clean up when our own process was killed and could not do it itself.
///
/// It reads lines from a pipe that only we hold, so the end of our process, for whatever reason, is an end of file there.
package final class GuardShell: Sendable {
    private let script: String
    private let pipe = Pipe()

    /// Prepares a guard.
    ///
    /// - Parameter script: What the shell does. It has to go into the background by itself, and finds the pipe at its input.
    package init(_ script: String) {
        self.script = script
        // Whoever is guarded must not inherit the writing end, else he would keep the guard waiting.
        for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Leaves the guard behind, in a session of its own, where no Ctrl-C reaches it.
    package func begin() async throws {
        var platform = PlatformOptions()
        platform.createSession = true
        _ = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", script],
            platformOptions: platform,
            input: .fileDescriptor(
                FileDescriptor(rawValue: pipe.fileHandleForReading.fileDescriptor),
                closeAfterSpawningProcess: false
            ),
            output: .discarded,
            error: .discarded
        )
    }

    /// Sends a line to the script; to no effect when the guard is gone.
    package func tell(_ line: String) {
        try? pipe.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }
}
