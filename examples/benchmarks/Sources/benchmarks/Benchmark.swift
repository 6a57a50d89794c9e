internal import CBench

/// One thing that is measured, and who does it.
struct Benchmark: Sendable {
    let name: String
    /// Whether it is run once for each server of the environment; otherwise once without one.
    var needsServer = true
    /// Makes the contestants, ready and warm.
    ///
    /// The one that is the reference comes first.
    let contestants: @Sendable (Server) async throws -> [any Contestant]
}

/// Somebody who does the work.
protocol Contestant: Sendable {
    /// What stands behind the benchmark's name in the report; empty for the engine itself.
    var name: String { get }
    /// Whether the others are compared with it.
    var isReference: Bool { get }
    /// The number of the server process that works for it.
    var backendPID: Int32? { get }
    /// Does the work `calls` times.
    func run(_ calls: Int, into samples: inout Samples) async throws
    /// Gives everything back.
    func close() async
}

extension Contestant {
    var isReference: Bool { false }
    var backendPID: Int32? { nil }
    func close() async {}
}

/// The durations of a burst, in nanoseconds for one call.
struct Samples: Sendable {
    private(set) var values: [Double] = []

    /// Calls that are too short for the clock are measured as many at a time.
    static let batch = 100

    mutating func reserve(_ count: Int) { values.reserveCapacity(count) }

    /// Adds the duration of one call.
    mutating func append(_ nanoseconds: UInt64) { values.append(Double(nanoseconds)) }

    /// Adds the duration of a batch of calls.
    mutating func append(batch nanoseconds: UInt64) { values.append(Double(nanoseconds) / Double(Self.batch)) }

    mutating func append(contentsOf other: Samples) { values += other.values }

    /// Does short work in batches.
    mutating func measureBatches(_ calls: Int, _ batch: (Int) async throws -> Void) async rethrows {
        for _ in 0..<max(1, calls / Self.batch) {
            let start = bench_now()
            try await batch(Self.batch)
            append(batch: bench_now() - start)
        }
    }

    /// The value below which a part of the values lies.
    func quantile(_ part: Double) -> Double { values.sorted().quantile(part) }
}

extension [Double] {
    var median: Double { sorted().quantile(0.5) }

    /// Of sorted values.
    fileprivate func quantile(_ part: Double) -> Double {
        isEmpty ? 0 : self[Swift.min(count - 1, Int((Double(count) * part).rounded(.down)))]
    }
}
