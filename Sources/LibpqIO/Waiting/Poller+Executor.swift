internal import Moments
internal import Synchronization

/// The thread runs tasks, too: one that waits for a server here goes on here, and hands a connection to another one here.
///
/// A change of threads costs several microseconds, which is as much as a short answer takes.
extension Poller: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (mustStart, mustNudge) = registry.withLock { registry in
            registry.jobs.append(job)
            // Only the first of several has to wake the thread.
            defer { registry.isAsleep = false }
            return (registry.mustStart(), registry.isAsleep)
        }
        if mustNudge { events.nudge() }
        if mustStart { start() }
    }

    /// Whether the caller runs on the thread.
    var isCurrentThread: Bool { thread.load(ordering: .relaxed) == currentThread() }

    /// Waits for a socket on the thread itself, while nobody else has anything for the thread to do.
    ///
    /// - Returns: whether the socket is ready.
    func waitHere(for socket: (descriptor: Int32, interest: SocketInterest), limit: Duration) -> Bool {
        let limit: Duration? = registry.withLock { registry in
            guard registry.jobs.isEmpty, registry.sleepers.sockets == 0 else { return nil }
            registry.isAsleep = true
            return registry.nextLook.map { min($0 - .now, limit) } ?? limit
        }
        guard let limit else { return false }
        // The queue is readable when a job has come.
        let isReady = pollInPlace(socket.descriptor, for: socket.interest, orFor: events.descriptor, limit: limit)
        registry.withLock { $0.isAsleep = false }
        return isReady
    }
}
