import ArgumentParser
import Foundation
import StormSimulator

@main struct StormSimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm-simulator",
        abstract: "Plays cold-start storms in virtual time, with the values that the pool itself decides by."
    )

    @Option(help: "Only the study of that name.")
    var study: String?

    @Option(help: "Over how many seeds each figure is the mean.")
    var seeds = 5

    @Option(help: "The largest fleet.")
    var largest = 10_000

    @Option(help: "Write the figures as JSON to that file.")
    var json: String?

    @Option(help: "Write the plots to that folder.")
    var plots: String?

    func validate() throws {
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds has to be from 1 to 1000") }
        guard (100...1_000_000).contains(largest) else {
            throw ValidationError("--largest has to be from 100 to 1000000")
        }
    }

    func run() throws {
        let studies = Study.all(largest: largest).filter { study == nil || $0.name == study }
        guard !studies.isEmpty else {
            let names = Study.all(largest: largest).map(\.name).joined(separator: ", ")
            throw ValidationError("there is no study \"\(study ?? "")\"; there are: \(names)")
        }
        var figures: [String: [StormResult]] = [:]
        for study in studies {
            let results = study.results(seeds: seeds)
            figures[study.name] = results
            print("\(study.name): \(study.question)\n\n\(Table(results: results).text)\n")
        }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(figures).write(to: URL(filePath: json))
        }
        if let plots, let fleet = figures["fleet"] {
            let folder = URL(filePath: plots)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, plot) in Self.plots(of: fleet) {
                try Data(plot.svg.utf8).write(to: folder.appending(path: name))
            }
        }
    }

    private static func plots(of fleet: [StormResult]) -> [(name: String, plot: Plot)] {
        func series(_ y: (StormResult) -> Double) -> [Plot.Series] {
            var names: [String] = []
            for result in fleet where !names.contains(result.policy) { names.append(result.policy) }
            return names.map { name in
                Plot.Series(
                    name: name,
                    points: fleet.filter { $0.policy == name }.map { (Double($0.environments), y($0)) }
                )
            }
        }
        return [
            (
                "failed.svg",
                Plot(
                    title: "Calls that got no connection",
                    xLabel: "environments (1000 connects/s, 400 slots, 15 s deadline, 3 waves)",
                    yLabel: "% of calls",
                    yMax: 100,
                    series: series { 100 * Double($0.failed) / Double(max(1, $0.invocations)) }
                )
            ),
            (
                "connects.svg",
                Plot(
                    title: "Connects that the server was asked for",
                    xLabel: "environments (1000 connects/s, 400 slots, 15 s deadline, 3 waves)",
                    yLabel: "per call",
                    yMax: 4,
                    series: series { Double($0.connects) / Double(max(1, $0.invocations)) }
                )
            ),
        ]
    }
}
