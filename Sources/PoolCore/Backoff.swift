/// How long to wait between one try and the next.
package enum Backoff {
    /// A time between nothing and a limit that doubles with each try ("full jitter").
    ///
    /// Many clients that failed in the same moment come back spread over the whole time.
    ///
    /// - Parameters:
    ///   - attempt: how many tries have failed, from 1.
    ///   - jitter: a random number from 0 up to 1.
    ///   - base: the limit after the first.
    ///   - cap: the largest limit.
    /// - Returns: the time to wait.
    package static func delay(
        attempt: Int,
        jitter: Double,
        base: Duration = .milliseconds(100),
        cap: Duration = .seconds(5)
    ) -> Duration {
        // The shift must not overflow; 2 to the power of 32 times the base is beyond any cap.
        let doublings = min(max(attempt, 1) - 1, 32)
        return min(cap, base * Double(1 << doublings)) * jitter
    }
}

/// How many retries are allowed for so many successes: when most tries fail, retrying only adds to the load.
///
/// It begins full, so that a process that has had no success yet may retry too.
package struct RetryQuota: Sendable, Hashable {
    /// Thousandths of a retry, so that ten times a tenth is one.
    private var saved: Int
    private let capacity: Int
    private let perSuccess: Int

    /// - Parameters:
    ///   - capacity: how many retries may be saved up, at least 1.
    ///   - share: how many retries a success adds, from 0.001 up to 1.
    package init(capacity: Int = 10, share: Double = 0.1) {
        self.capacity = max(1, capacity) * 1000
        perSuccess = Int(min(max(share, 0.001), 1) * 1000 + 0.5)
        saved = self.capacity
    }

    /// How many retries are left.
    package var remaining: Int { saved / 1000 }

    /// Something succeeded.
    package mutating func succeeded() {
        saved = min(capacity, saved + perSuccess)
    }

    /// Somebody wants to try again.
    ///
    /// - Returns: whether it may; then the retry is taken off.
    package mutating func retryRequested() -> Bool {
        guard saved >= 1000 else { return false }
        saved -= 1000
        return true
    }
}
