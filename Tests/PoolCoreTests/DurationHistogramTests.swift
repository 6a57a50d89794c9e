import Moments
import PoolCore
import Testing

@Suite struct `A histogram of durations` {
    @Test func `knows nothing at first`() {
        let histogram = DurationHistogram()
        #expect(histogram.count == 0)
        #expect(histogram.percentile(0.99) == .zero)
        #expect(histogram.mean == .zero)
        #expect(histogram.max == .zero)
    }

    @Test func `is off by no more than 7.2 % from 2 µs to 69 s`() {
        var microseconds = 2.1
        while microseconds < 68_000_000 {
            var histogram = DurationHistogram()
            let duration = Duration.microseconds(microseconds)
            histogram.record(duration)
            // The longest is known exactly, so a longer one is needed to see the bucket.
            histogram.record(.seconds(1000))
            let ratio = histogram.percentile(0.5) / duration
            #expect(abs(ratio - 1) < 0.0722, "\(duration)")
            microseconds *= 1.013
        }
    }

    @Test func `tells percentiles, the mean and the longest`() {
        var histogram = DurationHistogram()
        for milliseconds in (1...1000).reversed() { histogram.record(.milliseconds(milliseconds)) }
        for (part, exact) in [(0.5, 500.0), (0.95, 950), (0.99, 990), (0.001, 1)] {
            #expect(abs(histogram.percentile(part) / .milliseconds(exact) - 1) < 0.0722)
        }
        #expect(histogram.percentile(1) <= histogram.max)
        #expect(histogram.max == .seconds(1))
        #expect(histogram.mean == .microseconds(500_500))
        #expect(histogram.count == 1000)
    }

    @Test func `counts those that were longer than a duration, to the end of its bucket`() {
        var histogram = DurationHistogram()
        for milliseconds in 1...100 { histogram.record(.milliseconds(milliseconds)) }
        #expect([49, 50].contains(histogram.count(longerThan: .milliseconds(50))))
        #expect(histogram.count(longerThan: .zero) == 100)
        #expect(histogram.count(longerThan: .seconds(1)) == 0)
        #expect(histogram.count(longerThan: .seconds(1000)) == 0)
    }

    @Test func `takes any duration`() {
        var histogram = DurationHistogram()
        let longest = Duration.seconds(Int64.max)
        for duration in [.zero, .seconds(-5), .nanoseconds(1), .seconds(100), longest / 2] {
            histogram.record(duration)
        }
        #expect(histogram.count == 5)
        #expect(histogram.percentile(0.5) < .microseconds(2))
        #expect(histogram.percentile(1) == longest / 2)
    }

    @Test func `tells what was recorded since a copy was made`() {
        var (all, recent) = (DurationHistogram(), DurationHistogram())
        var random = Randomness(seed: 7)
        for _ in 0..<1000 { all.record(random.milliseconds(0...5000)) }
        let earlier = all
        for _ in 0..<1000 {
            let duration = random.milliseconds(0...100)
            all.record(duration)
            recent.record(duration)
        }
        let since = all.since(earlier)
        for part in [0, 0.1, 0.5, 0.9, 0.99] { #expect(since.percentile(part) == recent.percentile(part)) }
        #expect(since.count == recent.count && since.mean == recent.mean)
        #expect(all.since(all).count == 0 && all.since(all).percentile(0.95) == .zero)
        #expect(all.since(DurationHistogram()) == all)
    }

    @Test func `is no larger than a kilobyte, and a copy is another one`() {
        #expect(MemoryLayout<DurationHistogram>.size <= 1024)
        var histogram = DurationHistogram()
        let copy = histogram
        histogram.record(.seconds(1))
        #expect(copy.count == 0)
    }
}
