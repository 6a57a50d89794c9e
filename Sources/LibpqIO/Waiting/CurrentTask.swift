internal import CSwiftRuntime

/// What can be asked of the task in which the caller runs.
package enum CurrentTask {
    /// What tells it from all others that run, and whether it was cancelled; 0 and not outside of all tasks.
    ///
    /// A later task may have the identity of one that has ended.
    package static var identityAndCancellation: (identity: Int, isCancelled: Bool) {
        let task = current_task_look()
        return (task.identity, task.is_cancelled)
    }

    /// Whether the task was cancelled; not outside of all tasks.
    package static var isCancelled: Bool { current_task_look().is_cancelled }

    /// Whether the task is to run on an executor of its own, in place of that which all share.
    static var hasExecutorPreference: Bool {
        unsafe withUnsafeCurrentTask { task in unsafe task?.unownedTaskExecutor != nil }
    }
}
