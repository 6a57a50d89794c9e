internal import CSwiftRuntime
internal import Synchronization

extension SocketWaiter {
    /// Runs a program on the first thread of the process, which from then on watches the sockets and runs what prefers that, and what the main
    /// actor has to do; and ends the process with the program.
    package func runMain(_ body: @escaping @Sendable () async throws -> Void) -> Never {
        precondition(is_main_thread(), "only the first thread of a process can run its program")
        let isPoller = poller.claimMainThread()
        // Nothing waits for it: the process ends with it.
        Task.detached(executorPreference: executor) {
            do {
                try await body()
                endProcess()
            } catch {
                endProcess(because: error)
            }
        }
        if isPoller { poller.run() }
        main_queue_serve()
    }
}

extension Poller {
    /// Makes the first thread of the process, which calls this, the one that watches and runs, as soon as it comes to `run`.
    ///
    /// - Returns: `false` when there is one already, or the platform lets nobody else do what the main actor has to do.
    fileprivate func claimMainThread() -> Bool {
        guard main_queue_descriptor() >= 0, registry.withLock({ $0.mustStart() }) else { return false }
        events.watchMainQueue()
        return true
    }
}
