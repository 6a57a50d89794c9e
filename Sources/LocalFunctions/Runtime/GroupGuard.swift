import Foundation
internal import Subprocess

#if canImport(System)
internal import System
#else
internal import SystemPackage
#endif

/// Ends the functions when our own process was killed and could not do it itself.
///
/// A shell waits at a pipe that only we hold. Each line names a process group that began (`+N`) or ended (`-N`); an end
/// of file means that we are gone, and what is left is killed, stopped processes too.
package final class GroupGuard: Sendable {
    private let pipe = Pipe()

    package init() {
        // A function must not inherit the writing end, else it would keep the guard waiting.
        for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private static let script = #"""
        exec 3<&0
        {
            groups=' '
            while read -r line <&3; do
                case $line in
                    +*) groups="$groups${line#+} " ;;
                    -*) groups="${groups%% ${line#-} *} ${groups#* ${line#-} }" ;;
                esac
            done
            for group in $groups; do kill -KILL "-$group"; done
        } >/dev/null 2>&1 &
        """#

    /// Leaves the guard behind, in a session of its own, where no Ctrl-C reaches it.
    package func begin() async throws {
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

    /// A group began.
    package func watch(_ group: ProcessGroup) { tell("+\(group.leader)") }

    /// A group ended.
    package func forget(_ group: ProcessGroup) { tell("-\(group.leader)") }

    private func tell(_ line: String) {
        try? pipe.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }
}
