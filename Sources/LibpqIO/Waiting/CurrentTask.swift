/// The task in which the caller runs.
package enum CurrentTask {
    /// Tells the running tasks apart; 0 outside of all tasks.
    ///
    /// A later task may have the identity of one that has ended.
    package static var identity: Int {
        unsafe withUnsafeCurrentTask { task in unsafe task.map { unsafe unsafeBitCast($0, to: Int.self) } ?? 0 }
    }
}
