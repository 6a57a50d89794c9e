internal import CLibpq
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Tells a process from the child that was forked from it.
///
/// A child inherits the sockets of its parent, and must not say a word over them: not even goodbye. The kernel calls us
/// back in each child, so that asking costs one load where `getpid` would cost a system call.
package enum ForkGuard {
    private static let generations = Atomic<Int>(0)

    private static let isArmed: Bool =
        pthread_atfork(nil, nil) {
            ForkGuard.generations.add(1, ordering: .relaxed)
        } == 0

    /// Counts the forks between the first process that asked and this one.
    package static var generation: Int {
        _ = isArmed
        return generations.load(ordering: .relaxed)
    }

    /// Whether this process is another one than that in which the generation was that.
    package static func hasForked(since generation: Int) -> Bool {
        generations.load(ordering: .relaxed) != generation
    }
}
