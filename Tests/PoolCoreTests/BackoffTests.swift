import Moments
import PoolCore
import Testing

@Suite struct `A backoff` {
    @Test(arguments: [(1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000), (1000, 5000)])
    func `doubles its limit with each try, up to the cap`(attempt: Int, milliseconds: Int) {
        #expect(Backoff.delay(attempt: attempt, jitter: 1) == .milliseconds(milliseconds))
    }

    @Test func `is spread from nothing to the limit`() {
        #expect(Backoff.delay(attempt: 3, jitter: 0) == .zero)
        #expect(Backoff.delay(attempt: 3, jitter: 0.25) == .milliseconds(100))
    }

    @Test func `takes another base and cap, and a try before the first as the first`() {
        #expect(Backoff.delay(attempt: 0, jitter: 1, base: .seconds(1), cap: .seconds(30)) == .seconds(1))
        #expect(Backoff.delay(attempt: 9, jitter: 1, base: .seconds(1), cap: .seconds(30)) == .seconds(30))
        #expect(Backoff.delay(attempt: 1, jitter: 1, base: .seconds(9), cap: .seconds(3)) == .seconds(3))
    }
}

@Suite struct `A retry quota` {
    @Test func `begins full, and is spent`() {
        var quota = RetryQuota(capacity: 3)
        #expect(quota.remaining == 3)
        for _ in 0..<3 { #expect(quota.retryRequested() == true) }
        #expect(quota.retryRequested() == false)
    }

    @Test func `earns one retry by ten successes`() {
        var quota = RetryQuota(capacity: 1, share: 0.1)
        #expect(quota.retryRequested() == true)
        for _ in 0..<9 { quota.succeeded() }
        #expect(quota.retryRequested() == false)
        quota.succeeded()
        #expect(quota.retryRequested() == true)
    }

    @Test func `saves no more than its capacity`() {
        var quota = RetryQuota(capacity: 2, share: 1)
        for _ in 0..<100 { quota.succeeded() }
        #expect(quota.remaining == 2)
    }

    @Test func `lets through no more than its share in the long run`() {
        var quota = RetryQuota(capacity: 10, share: 0.2)
        var retries = 0
        for _ in 0..<1000 {
            quota.succeeded()
            if quota.retryRequested() { retries += 1 }
        }
        #expect((200...210).contains(retries))
    }
}
