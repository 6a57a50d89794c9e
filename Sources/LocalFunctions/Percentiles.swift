/// The distribution of some durations.
package struct Percentiles: Sendable, Equatable {
    private let sorted: [Duration]

    package init(_ durations: some Sequence<Duration>) {
        sorted = durations.sorted()
    }

    package var count: Int { sorted.count }

    /// The smallest duration that so many per cent are not longer than; zero of none.
    package subscript(percent: Double) -> Duration {
        guard !sorted.isEmpty else { return .zero }
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return sorted[max(0, min(sorted.count, rank) - 1)]
    }

    /// The longest.
    package var maximum: Duration { sorted.last ?? .zero }

    /// In milliseconds, with two digits.
    package subscript(ms percent: Double) -> Double { Self.ms(self[percent]) }

    /// Milliseconds with two digits.
    package static func ms(_ duration: Duration) -> Double {
        (duration / .microseconds(10)).rounded() / 100
    }
}
