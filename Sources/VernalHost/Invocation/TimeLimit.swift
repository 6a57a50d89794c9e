/// The operation was cancelled because its time was over.
struct TimeLimitExceeded: Error {}

/// Runs an operation and cancels it when it takes longer than the limit.
///
/// - Throws: `TimeLimitExceeded` when the time was over first, else what the operation throws. An operation that does
///   not react to being cancelled is waited for all the same: nothing is left running behind.
func withTimeLimit(_ limit: Duration, _ operation: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await operation()
            return true
        }
        group.addTask {
            try await Task.sleep(for: limit, clock: .continuous)
            return false
        }
        let finished = try await group.next() ?? true
        group.cancelAll()
        if !finished { throw TimeLimitExceeded() }
    }
}
