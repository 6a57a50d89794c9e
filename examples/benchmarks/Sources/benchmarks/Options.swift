/// The options of the command line.
struct Options: Sendable {
    /// How often each contestant has its turn; the medians are taken over these.
    var rounds = 10
    /// Calls in one burst; a contestant has two bursts in a round.
    var calls = 1000
    /// Only benchmarks whose name and transport contain this.
    var filter: String?
    /// Where the report is written as JSON.
    var json: String?
    /// Where the report is drawn.
    var svg: String?
    /// The JSON of an earlier run, to be drawn instead of a new one.
    var from: String?
    var peers: [String] = []
    var regimes: [Regime] = [.same]
    var wantsHelp = false

    static let help = """
        usage: benchmarks [--regime same|cross|free|all] [--rounds N] [--calls N] [--filter TEXT]
                          [--peer NAME|all]… [--json FILE] [--svg FILE] [--from FILE]

        The server is the one of DATABASE_URL (over TCP, and over TLS if it demands that), of VERNAL_PG_SOCKET_URL (over a
        Unix socket), and of PGBOUNCER_URL (through a pooler):
            vernal postgres --tls --trust-socket -- ./with-pgbouncer.sh swift run -c release --static-swift-stdlib benchmarks
        Peers: \(ProcessPeer.all.joined(separator: ", ")).
        """

    init(arguments: some Sequence<String>) throws {
        var arguments = arguments.makeIterator()
        while let name = arguments.next() {
            if name == "--help" || name == "-h" {
                wantsHelp = true
                return
            }
            guard let value = arguments.next() else { throw Self.badUsage("\(name) needs a value, or is unknown") }
            switch name {
            case "--rounds": rounds = try Self.count(name, value)
            case "--calls": calls = try Self.count(name, value)
            case "--filter": filter = value
            case "--json": json = value
            case "--svg": svg = value
            case "--from": from = value
            case "--peer":
                guard value == "all" || ProcessPeer.all.contains(value) else {
                    throw Self.badUsage("--peer is all, or one of \(ProcessPeer.all.joined(separator: ", "))")
                }
                peers += value == "all" ? ProcessPeer.all : [value]
            case "--regime":
                if value == "all" {
                    regimes = Regime.allCases
                } else if let regime = Regime(rawValue: value) {
                    regimes = [regime]
                } else {
                    throw Self.badUsage("--regime is same, cross, free or all")
                }
            default: throw Self.badUsage("there is no option \(name)")
            }
        }
    }

    private static func count(_ name: String, _ value: String) throws -> Int {
        guard let count = Int(value), count > 0 else { throw badUsage("\(name) is a number of at least 1") }
        return count
    }

    private static func badUsage(_ message: String) -> BenchmarkError {
        BenchmarkError("\(message)\n\n\(help)", status: 64)
    }
}
