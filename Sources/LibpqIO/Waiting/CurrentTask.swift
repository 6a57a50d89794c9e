/// What can be asked of the task in which the caller runs: both at once, because asking costs more than the answers.
package struct CurrentTask: Sendable {
    /// Tells the running tasks apart; 0 outside of all tasks.
    ///
    /// A later task may have the identity of one that has ended.
    package private(set) var identity = 0
    /// Whether the task was cancelled by now.
    package private(set) var isCancelled = false

    package init() {
        unsafe withUnsafeCurrentTask { task in
            guard let task = unsafe task else { return }
            unsafe identity = unsafeBitCast(task, to: Int.self)
            unsafe isCancelled = task.isCancelled
        }
    }

    /// Whether the task is to run on an executor of its own, in place of that which all share.
    static var hasExecutorPreference: Bool {
        unsafe withUnsafeCurrentTask { task in unsafe task?.unownedTaskExecutor != nil }
    }
}
