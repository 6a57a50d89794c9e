internal import CBench

/// Measures one benchmark over one way to the server in one regime.
struct Session: Sendable {
    let server: Server
    let regime: Regime
    let options: Options

    /// What one contestant showed, one value for each round.
    private struct Score {
        var p50: [Double] = []
        var p99: [Double] = []
        var cpu: [Double] = []
        var contextSwitches: [Double] = []
        var counters = bench_counters()
        var countedCalls = 0.0
    }

    func measure(_ benchmark: Benchmark) async throws -> [ReportLine] {
        let contestants = try await benchmark.contestants(server)
        let isPlaced = regime.place(backends: contestants.compactMap(\.backendPID))
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
                scores[index].p50.append(samples[index].quantile(0.5))
                scores[index].p99.append(samples[index].quantile(0.99))
            }
        }
        for index in contestants.indices { try await count(contestants[index], &scores[index]) }
        for contestant in contestants { await contestant.close() }
        let reference = contestants.firstIndex { $0.isReference }.map { scores[$0] }
        return contestants.indices.map { index in
            line(benchmark, contestants[index], scores[index], reference, isPlaced: isPlaced)
        }
    }

    private func burst(
        _ contestant: any Contestant
    ) async throws -> (samples: Samples, cpu: Double, contextSwitches: Double) {
        var samples = Samples()
        samples.reserve(options.calls)
        let before = bench_usage_now()
        try await contestant.run(options.calls, into: &samples)
        let after = bench_usage_now()
        let calls = Double(options.calls)
        return (
            samples,
            Double(after.cpu_nanoseconds - before.cpu_nanoseconds) / calls,
            Double(after.voluntary_switches - before.voluntary_switches) / calls
        )
    }

    /// Counts in a burst of its own, because counting takes time too.
    private func count(_ contestant: any Contestant, _ score: inout Score) async throws {
        guard bench_counters_available() == 1 else { return }
        var samples = Samples()
        samples.reserve(options.calls)
        bench_counters_start()
        defer { score.counters = bench_counters_stop() }
        try await contestant.run(options.calls, into: &samples)
        score.countedCalls = Double(options.calls)
    }

    private func line(
        _ benchmark: Benchmark,
        _ contestant: any Contestant,
        _ score: Score,
        _ reference: Score?,
        isPlaced: Bool
    ) -> ReportLine {
        let ratios = reference.map { reference in zip(score.p50, reference.p50).map { $0 / $1 } }
        func perCall(_ count: UInt64) -> Double? {
            score.countedCalls > 0 ? Double(count) / score.countedCalls : nil
        }
        return ReportLine(
            name: contestant.name.isEmpty ? benchmark.name : "\(benchmark.name) (\(contestant.name))",
            transport: server.transport,
            regime: regime.rawValue,
            isPinned: isPlaced,
            p50us: score.p50.median / 1000,
            p99us: score.p99.median / 1000,
            cpuUs: score.cpu.median / 1000,
            ratioToC: ratios?.median,
            contextSwitches: score.contextSwitches.median,
            mallocs: perCall(score.counters.allocations),
            syscalls: perCall(score.counters.io_calls),
            roundTrips: perCall(score.counters.round_trips)
        )
    }
}
