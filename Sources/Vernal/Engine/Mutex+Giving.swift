internal import Synchronization

extension Mutex where Value: ~Copyable {
    /// Runs `body` under the lock and gives it a value that has one owner, which a closure cannot take from outside.
    func withLock<Given: ~Copyable & Sendable, R: ~Copyable>(
        giving given: consuming Given,
        _ body: (inout sending Value, consuming Given) -> sending R
    ) -> sending R {
        var given = Optional(given)
        return withLock { value in
            guard let given = given.take() else { preconditionFailure("withLock runs its body once") }
            return body(&value, given)
        }
    }
}
