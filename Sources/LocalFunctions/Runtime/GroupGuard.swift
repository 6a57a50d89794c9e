/// Ends the functions when our own process was killed and could not do it itself.
///
/// Each line to the guard names a process group that began (`+N`) or ended (`-N`); at the end of the file what is left is
/// killed, stopped processes too.
package final class GroupGuard: Sendable {
    private let shell = GuardShell(
        #"""
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
    )

    package init() {}

    /// Leaves the guard behind.
    package func begin() async throws { try await shell.begin() }

    /// A group began.
    package func watch(_ group: ProcessGroup) { shell.tell("+\(group.leader)") }

    /// A group ended.
    package func forget(_ group: ProcessGroup) { shell.tell("-\(group.leader)") }
}
