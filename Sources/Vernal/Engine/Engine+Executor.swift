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
    /// The thread starts with the first task. A process that was forked has one of its own.
    public static var executor: any TaskExecutor { SocketWaiter.shared.executor }

    /// Runs a program on the first thread of its process, and ends the process with it: the `main` of what has to start quickly.
    ///
    /// The thread runs the program, what the main actor has to do, and watches for the answers of servers; no other is started before something is
    /// run elsewhere. With an asynchronous `main` the first thread ends and four others begin, which takes a cold start milliseconds of CPU.
    ///
    /// ```swift
    /// @main enum Program {
    ///     static func main() {
    ///         Engine.runMain { try await getEngine().execute("REFRESH MATERIALIZED VIEW sales") }
    ///     }
    /// }
    /// ```
    ///
    /// As on `executor`, whoever computes for long keeps all others from their answers. A host has threads of its own and does not need this.
    ///
    /// - Parameter body: The program. The status of the process is 0 when it returns; it is 1 when it throws, and the error is written to the
    ///   standard error.
    /// - Precondition: The caller is the first thread of the process.
    public static func runMain(_ body: @escaping @Sendable () async throws -> Void) -> Never {
        SocketWaiter.shared.runMain(body)
    }
}
