internal import CSwiftRuntime

/// What can be asked of the task in which the caller runs.
package enum CurrentTask {
    /// Tells the running tasks apart; 0 outside of all tasks.
    ///
    /// A later task may have the identity of one that has ended.
    package static var identity: Int { current_task_identity() }

    /// Whether the task was cancelled; not outside of all tasks.
    package static var isCancelled: Bool { current_task_is_cancelled() }

    /// Whether the task is to run on an executor of its own, in place of that which all share.
    static var hasExecutorPreference: Bool {
        unsafe withUnsafeCurrentTask { task in unsafe task?.unownedTaskExecutor != nil }
    }
}
