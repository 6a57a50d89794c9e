#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Compares the engine with C on libpq, in one run.
@main
enum Benchmarks {
    /// What is measured.
    ///
    /// A new benchmark is a file in `Cases` and a line here.
    static let all: [Benchmark] = [
        .warmQuery, .sixColumns, .manyRows, .copyOut, .copyIn, .connect, .leaseAlone, .oneConnectionShared,
        .tenConnectionsShared, .stall, .getEngine,
    ]

    static func main() async throws {
        do {
            try await run(try Options(arguments: CommandLine.arguments.dropFirst()))
        } catch let error as BenchmarkError {
            print(error.message)
            exit(error.status)
        }
    }

    /// Measures on a thread of Swift's pool, where the handlers of a function run too, and not on the main thread.
    @concurrent
    private static func run(_ options: Options) async throws {
        if options.wantsHelp { return print(Options.help) }
        let lines: [ReportLine]
        if let file = options.from {
            lines = try JSONDecoder().decode([ReportLine].self, from: Data(contentsOf: URL(filePath: file)))
        } else {
            lines = try await measure(options)
        }
        print(Verdicts(lines).text)
        if let file = options.json { try ReportLine.json(lines).write(to: URL(filePath: file)) }
        if let file = options.svg { try Data(Chart(lines).svg.utf8).write(to: URL(filePath: file)) }
    }

    private static func measure(_ options: Options) async throws -> [ReportLine] {
        let servers = Server.inEnvironment
        var lines: [ReportLine] = []
        print(ReportLine.header)
        for regime in options.regimes {
            for benchmark in all {
                for server in benchmark.servers(of: servers) {
                    let name = "\(benchmark.name) \(server.transport)"
                    guard options.filter.map({ name.contains($0) }) ?? true else { continue }
                    let session = Session(benchmark: benchmark, server: server, regime: regime, options: options)
                    for line in try await session.measure() {
                        print(line.text)
                        lines.append(line)
                    }
                    // A report that goes to a file is to be there while the run goes on.
                    fflush(nil)
                }
            }
        }
        if lines.isEmpty {
            throw BenchmarkError(
                "nothing was measured: set DATABASE_URL (TCP) or VERNAL_PG_SOCKET_URL (Unix socket), and check --filter"
            )
        }
        return lines
    }
}

/// An error with a text for a person and the exit status of the process.
struct BenchmarkError: Error {
    var message: String
    var status: Int32

    init(_ message: String, status: Int32 = 1) {
        self.message = message
        self.status = status
    }
}
