internal import CBench

/// One thing that is measured, and who does it.
struct Benchmark: Sendable {
    let name: String
    var scope = Scope.direct
    /// One call stands for so many of `--calls`: what takes longer is done less often.
    var weight = 1
    var compared = Compared.median
    /// Makes the contestants, ready and warm.
    ///
    /// The one that is the reference comes first.
    let contestants: @Sendable (Server, Options) async throws -> [any Contestant]

    /// The time by which contestants are compared.
    enum Compared: Sendable {
        /// The p50 of one call.
        case median
        /// The p99 of one call.
        case tail
        /// The time that all calls took together.
        case together
    }

    /// The servers that a benchmark is run with.
    enum Scope: Sendable {
        /// Once, without a server.
        case none
        /// Once, with any server.
        case once
        /// Every way to the server that leads to PostgreSQL itself.
        case direct
        /// Poolers as well.
        case all
    }

    func servers(of all: [Server]) -> [Server] {
        switch scope {
        case .none: [.none]
        case .once: all.first { !$0.isPooler }.map { [$0] } ?? []
        case .direct: all.filter { !$0.isPooler }
        case .all: all
        }
    }
}

/// Somebody who does the work.
protocol Contestant: Sendable {
    /// What stands behind the benchmark's name in the report; empty for the engine itself.
    var name: String { get }
    /// What the others are compared with it as; `nil` for whoever is only compared.
    var reference: Reference? { get }
    /// The numbers of the server processes that work for it.
    var backends: [Int32] { get }
    /// The number of its process; 0 for this one.
    var process: Int32 { get }
    /// Does the work `calls` times.
    func run(_ calls: Int, into samples: inout Samples) async throws
    /// How many bytes on the heap an open, idle connection takes; `nil` where that is not the question.
    func heapInUse() async throws -> Int64?
    /// Gives everything back.
    func close() async
}

/// What others are compared with.
enum Reference: Sendable {
    /// What the column `× C` refers to.
    case plain
    /// What the column `× prep` refers to: the same with a prepared statement.
    case prepared
}

extension Contestant {
    var reference: Reference? { nil }
    var backends: [Int32] { [] }
    var process: Int32 { 0 }
    func heapInUse() async throws -> Int64? { nil }
    func close() async {}
}

/// The durations of a burst, in nanoseconds for one call.
struct Samples: Sendable {
    private(set) var values: [Double] = []
    /// The time that the calls of several took together, for one call; 0 for calls one after the other.
    private(set) var together = 0.0

    /// Calls that are too short for the clock are measured as many at a time.
    static let batch = 100

    mutating func reserve(_ count: Int) { values.reserveCapacity(count) }

    /// Adds the duration of one call.
    mutating func append(_ nanoseconds: UInt64) { values.append(Double(nanoseconds)) }

    /// Adds the duration of a batch of calls.
    mutating func append(batch nanoseconds: UInt64) { values.append(Double(nanoseconds) / Double(Self.batch)) }

    /// Sets the time that all calls of a burst took together.
    mutating func setTogether(_ nanoseconds: UInt64, calls: Int) {
        together = Double(nanoseconds) / Double(max(1, calls))
    }

    mutating func append(contentsOf other: Samples) {
        values += other.values
        together = together == 0 ? other.together : (together + other.together) / 2
    }

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
