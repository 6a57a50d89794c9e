/// What a figure is to be at most.
struct Target: Sendable {
    enum Measure: Sendable {
        case ratioToC, ratioToPrepared, cpuToC, p50, p99, p99ToP50, mallocs, syscalls, contextSwitches, roundTrips, heap
        /// The p50, against that of a pool of another language in the same run.
        case ratioTo(peer: String)

        /// As the table heads it.
        var name: String {
            switch self {
            case .ratioToC: "× C"
            case .ratioToPrepared: "× prep"
            case .cpuToC: "CPU × C"
            case .p50: "p50 µs"
            case .p99: "p99 µs"
            case .p99ToP50: "p99 × p50"
            case .mallocs: "mallocs"
            case .syscalls: "syscalls"
            case .contextSwitches: "ctx"
            case .roundTrips: "trips"
            case .heap: "heap KiB"
            case .ratioTo(let peer): "× \(peer)"
            }
        }
    }

    let line: String
    let measure: Measure
    let most: Double
    var transports = ["unix", "tcp", "tls"]
    var regimes = Regime.allCases

    init(_ line: String, _ measure: Measure, _ most: Double) {
        self.line = line
        self.measure = measure
        self.most = most
    }

    func over(_ transports: String...) -> Target {
        var target = self
        target.transports = transports
        return target
    }

    func on(_ regimes: Regime...) -> Target {
        var target = self
        target.regimes = regimes
        return target
    }

    static let all: [Target] = [
        Target("warm query (not prepared)", .ratioToC, 1.08).on(.same),
        Target("warm query (not prepared)", .ratioToC, 1.15).on(.cross),
        Target("warm query", .ratioToPrepared, 1.15),
        Target("warm query", .ratioTo(peer: "pgx"), 1),
        Target("warm query", .ratioTo(peer: "hikaricp"), 1),
        Target("warm query", .ratioToC, 1.05).over("pgbouncer"),
        Target("warm query", .cpuToC, 1.2),
        // OpenSSL needs more of both, for C as well.
        Target("warm query", .mallocs, 5).over("unix", "tcp"),
        Target("warm query", .syscalls, 3.5).over("unix", "tcp"),
        Target("warm query", .contextSwitches, 1.05),
        Target("warm query", .roundTrips, 1).over("unix", "tcp", "tls", "pgbouncer"),
        Target("one row × 6 columns (not prepared)", .ratioToC, 1.05),
        Target("one row × 6 columns", .ratioToC, 0.8),
        Target("100,000 rows", .ratioToC, 1.1),
        Target("connect", .ratioToC, 1.03),
        Target("connect", .heap, 200),
        Target("lease and return", .p50, 0.15),
        Target("one connection shared (64 tasks)", .ratioToC, 1),
        Target("one connection shared (64 tasks)", .p99ToP50, 2),
        Target("one connection shared (64 tasks, Engine.executor)", .ratioToC, 1),
        Target("one connection shared (64 tasks, Engine.executor)", .p99ToP50, 2),
        Target("ten connections shared (64 tasks)", .ratioToC, 1),
        Target("ten connections shared (64 tasks)", .p99ToP50, 2),
        Target("ten connections shared (64 tasks, Engine.executor)", .ratioToC, 1),
        Target("ten connections shared (64 tasks, Engine.executor)", .p99ToP50, 2),
        Target("stall of another task", .p99, 200),
    ]
}

/// Which targets are met by the figures of a run.
struct Verdicts: Sendable {
    private(set) var met = 0
    /// A line of text for each.
    private(set) var missed: [String] = []

    init(_ lines: [ReportLine]) {
        // Where client and server were not where they were to be, the figures say little.
        for line in lines where line.isPinned {
            for target in Target.all where target.isFor(line) {
                guard let figure = target.measure.figure(of: line, among: lines) else { continue }
                // As it is printed: what looks the same is the same.
                let shown = ReportLine.number(figure, digits: figure < 1 ? 3 : 2)
                if Double(shown).map({ $0 <= target.most }) ?? false {
                    met += 1
                } else {
                    let place = "\(line.name), \(line.transport), \(line.regime)"
                    missed.append("\(place): \(target.measure.name) \(shown), wanted \(target.most)")
                }
            }
        }
    }

    var text: String {
        guard !missed.isEmpty else { return "targets: all \(met) met" }
        return """
            targets: \(met) of \(met + missed.count) met; missed:
              \(missed.joined(separator: "\n  "))
            Why, as far as it is known, is in README.md under "Targets and figures"; ./floor.sh shows what C takes for the same duties.
            """
    }
}

extension Target {
    fileprivate func isFor(_ line: ReportLine) -> Bool {
        line.name == self.line && transports.contains(line.transport) && regimes.contains { $0.rawValue == line.regime }
    }
}

extension Target.Measure {
    fileprivate func figure(of line: ReportLine, among lines: [ReportLine]) -> Double? {
        func beside(_ contestant: String) -> ReportLine? {
            lines.first {
                $0.name == "\(line.name) (\(contestant))" && $0.transport == line.transport && $0.regime == line.regime
            }
        }
        return switch self {
        case .ratioToC: line.ratioToC
        case .ratioToPrepared: line.ratioToPrepared
        case .cpuToC: beside("C PQexecParams").map { line.cpuUs / $0.cpuUs }
        case .p50: line.p50us
        case .p99: line.p99us
        case .p99ToP50: line.p99us / line.p50us
        case .mallocs: line.mallocs
        case .syscalls: line.syscalls
        case .contextSwitches: line.contextSwitches
        case .roundTrips: line.roundTrips
        case .heap: line.heapKiB
        case .ratioTo(let peer): beside(peer).map { line.p50us / $0.p50us }
        }
    }
}
