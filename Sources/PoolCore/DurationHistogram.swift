/// Durations counted by their size: percentiles of any number of them in half a kilobyte.
///
/// The buckets are five to an octave from 2 µs to 69 s, so a percentile is off by 7.2 % at most within that range; shorter ones are
/// told apart no further, longer ones are told as the longest.
package struct DurationHistogram: Sendable, Hashable {
    private static let perOctave = 5
    private static let octaves = 25
    /// The first octave begins at 2 to the power of this many nanoseconds.
    private static let firstExponent = 11
    /// The octaves, and above the last one.
    private static let size = perOctave * octaves + 1
    /// Where the buckets of an octave end, as parts of its beginning: the fifth roots of two.
    private static let ends = (1.148698354997035, 1.3195079107728942, 1.5157165665103982, 1.7411011265922482)

    /// How many belong into each; what is shorter than the first is counted with all, and in no bucket.
    ///
    /// Elsewhere, and not in place: whoever has a histogram is handed around, and half a kilobyte with it. None before one is needed.
    private var buckets: [UInt32] = []
    /// In attoseconds: the operators of `Duration` are calls into the standard library, and cost more than all the rest.
    private var sum: Int128 = 0
    /// How many were recorded.
    package private(set) var count = 0
    /// The longest that was recorded.
    package private(set) var max = Duration.zero

    package init() {}

    /// The mean of all that were recorded, zero if there were none.
    package var mean: Duration { count == 0 ? .zero : Duration(attoseconds: sum / Int128(count)) }

    /// Records that something took no time, as nearly always in a pool where nobody waits.
    mutating func recordZero() { count += 1 }

    /// Records a duration; a negative one, of a clock that was set back, counts as zero.
    package mutating func record(_ duration: Duration) {
        let attoseconds = duration.attoseconds
        count += 1
        guard attoseconds > 0 else { return }
        sum += attoseconds
        if attoseconds > max.attoseconds { max = duration }
        guard let bucket = Self.bucket(of: attoseconds) else { return }
        if buckets.isEmpty { buckets = Array(repeating: 0, count: Self.size) }
        // A count that would overflow stays where it is.
        if buckets[bucket] < .max { buckets[bucket] += 1 }
    }

    /// What was recorded since it was like an earlier copy; the longest of that is known no better than its bucket.
    package func since(_ earlier: DurationHistogram) -> DurationHistogram {
        var recent = self
        recent.count -= earlier.count
        recent.sum -= earlier.sum
        for bucket in earlier.buckets.indices { recent.buckets[bucket] -= earlier.buckets[bucket] }
        return recent
    }

    /// The duration that this part of all are not longer than, zero if there are none.
    ///
    /// - Parameter part: from 0 up to 1, as 0.95.
    /// - Returns: the middle of the bucket in which it lies.
    package func percentile(_ part: Double) -> Duration {
        guard count > 0 else { return .zero }
        let rank = Swift.max(1, part * Double(count))
        // Those that are in no bucket are the shortest.
        var seen = Double(count) - buckets.reduce(0) { $0 + Double($1) }
        if seen >= rank { return Swift.min(max, Self.beginning / 2) }
        for bucket in buckets.indices where buckets[bucket] > 0 {
            seen += Double(buckets[bucket])
            if seen >= rank { return Swift.min(max, bucket == Self.size - 1 ? max : Self.middle(of: bucket)) }
        }
        return max
    }

    /// How many were longer than a duration, which is rounded up to the end of its bucket.
    package func count(longerThan duration: Duration) -> Int {
        let bucket = Self.bucket(of: duration.attoseconds) ?? -1
        return buckets.dropFirst(bucket + 1).reduce(0) { $0 + Int($1) }
    }

    private static let beginning = Duration.nanoseconds(1 << firstExponent)

    /// - Returns: `nil` for what is shorter than the first bucket.
    @inline(__always)
    private static func bucket(of attoseconds: Int128) -> Int? {
        // Neither `components` nor a conversion of 128 bits: each costs more than all the rest. A shift leaves units of 2^30 attoseconds,
        // and what would not fit then is further than the last bucket.
        guard attoseconds < Int128(1) << 90 else { return size - 1 }
        let nanoseconds = Double(Int64(truncatingIfNeeded: attoseconds &>> 30)) * 1.073741824
        guard nanoseconds >= Double(1 << firstExponent) else { return nil }
        // Neither `exponent` nor `significand`: both look for what no duration is.
        let octave = Int(nanoseconds.bitPattern >> 52) - 1023 - firstExponent
        guard octave < octaves else { return size - 1 }
        let part = Double(bitPattern: nanoseconds.bitPattern & 0xF_FFFF_FFFF_FFFF | 1.0.bitPattern)
        var step = 0
        if part >= ends.0 { step += 1 }
        if part >= ends.1 { step += 1 }
        if part >= ends.2 { step += 1 }
        if part >= ends.3 { step += 1 }
        return octave * perOctave + step
    }

    /// The duration from which both ends of a bucket are off by the same part.
    private static func middle(of bucket: Int) -> Duration {
        let octave = bucket / perOctave
        let beginnings = [1, ends.0, ends.1, ends.2, ends.3]
        // The tenth root of two: half a bucket.
        let part = beginnings[bucket % perOctave] * 1.0717734625362931
        return .nanoseconds(Int64(part * Double(Int64(1) << (firstExponent + octave)) + 0.5))
    }
}
