import Synchronization

/// How many invocations the platform sends to this process at the same time.
///
/// A host that knows it says so once, before the first invocation; whoever sizes something for the whole process (a pool
/// of connections) may ask later.
package enum InvocationConcurrency {
    private static let number = Atomic(0)

    /// What the host has announced, from 1; `nil` when the platform does not say, as a plain HTTP server's.
    package static var announced: Int? {
        let number = number.load(ordering: .relaxed)
        return number > 0 ? number : nil
    }

    /// Takes note of what the platform says; a number below 1 means that it says nothing.
    package static func announce(_ count: Int?) {
        number.store(max(0, count ?? 0), ordering: .relaxed)
    }
}
