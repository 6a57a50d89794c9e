internal import CBench

/// Measures one benchmark over one way to the server in one regime.
struct Session: Sendable {
    let benchmark: Benchmark
    let server: Server
    let regime: Regime
    let options: Options

    private var calls: Int { max(1, options.calls / benchmark.weight) }

    func measure() async throws -> [ReportLine] {
        let contestants = try await benchmark.contestants(server, options)
        let peers = contestants.map(\.process).filter { $0 != 0 }
        let backends = Set(contestants.flatMap(\.backends) + [server.pooler].compactMap(\.self)).sorted()
        let isPlaced = regime.place(peers: peers, backends: backends)
        var scores = contestants.map { _ in Score() }
        for contestant in contestants { _ = try await burst(contestant) }
        for _ in 0..<options.rounds {
            // There and back, so that a drift of the machine falls on all alike.
            let turns = Array(contestants.indices) + contestants.indices.reversed()
            var samples = contestants.map { _ in Samples() }
            for turn in turns {
                let (burst, cpu, switches) = try await burst(contestants[turn])
                samples[turn].append(contentsOf: burst)
                scores[turn].cpu.append(cpu)
                scores[turn].contextSwitches.append(switches)
            }
            for index in contestants.indices {
                scores[index].add(samples[index], benchmark.compared)
            }
        }
        for index in contestants.indices { try await count(contestants[index], &scores[index]) }
        for contestant in contestants { await contestant.close() }
        // The server's first process hands its place on to those that it starts.
        _ = Regime.free.place(peers: [], backends: backends)
        func reference(_ kind: Reference) -> Score? {
            contestants.firstIndex { $0.reference == kind }.map { scores[$0] }
        }
        return contestants.indices.map { index in
            var line = ReportLine(benchmark, contestants[index], scores[index])
            line.transport = server.transport
            line.regime = regime.rawValue
            line.isPinned = isPlaced
            line.ratioToC = reference(.plain).map { scores[index].ratio(to: $0) }
            line.ratioToPrepared = reference(.prepared).map { scores[index].ratio(to: $0) }
            return line
        }
    }

    private func burst(
        _ contestant: any Contestant
    ) async throws -> (samples: Samples, cpu: Double, contextSwitches: Double) {
        var samples = Samples()
        samples.reserve(calls)
        let before = Self.usage(contestant)
        try await contestant.run(calls, into: &samples)
        let after = Self.usage(contestant)
        return (
            samples,
            // A thread that ended took its account with it.
            Double(max(after.cpu_nanoseconds, before.cpu_nanoseconds) - before.cpu_nanoseconds) / Double(calls),
            Double(max(after.voluntary_switches, before.voluntary_switches) - before.voluntary_switches) / Double(calls)
        )
    }

    private static func usage(_ contestant: any Contestant) -> bench_usage {
        contestant.process == 0 ? bench_usage_now() : bench_usage_of(contestant.process)
    }

    /// Counts in a burst of its own, because counting takes time too.
    private func count(_ contestant: any Contestant, _ score: inout Score) async throws {
        guard bench_counters_available() == 1, contestant.process == 0 else { return }
        var samples = Samples()
        samples.reserve(calls)
        do {
            bench_counters_start()
            defer { score.counters = bench_counters_stop() }
            try await contestant.run(calls, into: &samples)
        }
        score.countedCalls = Double(calls)
        score.heapBytes = try await contestant.heapInUse()
    }
}

/// What one contestant showed, one value for each round; times in nanoseconds.
struct Score: Sendable {
    private(set) var p50: [Double] = []
    private(set) var p99: [Double] = []
    /// The time that all calls took together, for one call.
    private(set) var together: [Double] = []
    /// What is compared.
    private var compared: [Double] = []
    var cpu: [Double] = []
    var contextSwitches: [Double] = []
    var counters = bench_counters()
    var countedCalls = 0.0
    var heapBytes: Int64?

    mutating func add(_ samples: Samples, _ kind: Benchmark.Compared) {
        p50.append(samples.quantile(0.5))
        p99.append(samples.quantile(0.99))
        together.append(samples.together)
        switch kind {
        case .median: compared.append(samples.quantile(0.5))
        case .tail: compared.append(samples.quantile(0.99))
        case .together: compared.append(samples.together)
        }
    }

    /// The median of the ratios of each round.
    func ratio(to reference: Score) -> Double { zip(compared, reference.compared).map { $0 / $1 }.median }

    func perCall(_ count: UInt64) -> Double? { countedCalls > 0 ? Double(count) / countedCalls : nil }
}
