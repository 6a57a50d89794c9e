internal import LibpqIO

extension Engine {
    /// The thread on which the answers of servers arrive, for tasks that would like to run there.
    ///
    /// A task that prefers it is handed a connection and is given its answer without a change of threads, which is worth
    /// something where many tasks share few connections and do little else. It is one thread: whoever computes for long
    /// there, or blocks it, keeps all others from their answers.
    ///
    /// ```swift
    /// try await withTaskExecutorPreference(Engine.executor) {
    ///     try await getEngine().query("SELECT …")
    /// }
    /// ```
    ///
    /// The thread starts with the first task. A process that was forked has one of its own. A program that does all of its work there starts
    /// no other: the pool of threads that all tasks share begins with three, which takes a cold start 0.8 ms of CPU.
    public static var executor: any TaskExecutor { SocketWaiter.shared.executor }
}
