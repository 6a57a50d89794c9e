import ArgumentParser
import EmbeddedPostgres
import Foundation
import LocalFunctions
import Moments
import Vernal

/// `vernal storm`: many environments cold at once, and what that does to the database.
struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Start many environments at once and measure what that does to the database.",
        usage: "vernal storm [OPTIONS] -- PROGRAM [ARGUMENTS...]",
        discussion: """
            An embedded PostgreSQL with few slots, N environments that are all cold, N requests at the same moment: how \
            long until each has its answer, how many fail, how many connects does the server refuse?

            A relay between each environment and the server takes the times of connects and first rows; the connections \
            are counted at the server.

            Examples:
              vernal storm -n 50 --max-connections 20 --path '/slow?ms=20' -- ./users-function
              vernal storm -n 50 --max-connections 20 --policy naive --report naive.html -- ./users-function
              vernal storm -n 20 --waves 5 --rest 2s --path /users -- ./users-function

            The exit status is 0 also when invocations failed: that is what is being measured; 64 for wrong usage, 66 when \
            the program cannot be run, fails even alone, or does not answer every request for the path of --floor; 69 when \
            there is no database to run, and 130 after Ctrl-C, SIGTERM or SIGHUP.
            """
    )

    @Option(
        name: [.customShort("n"), .long],
        help: .init("How many environments, and requests at a time.", valueName: "n")
    )
    var environments = 50

    @Option(
        name: .customLong("max-connections"),
        help: .init("What the server allows; three of these are not for functions.", valueName: "n")
    )
    var maxConnections = 100

    @Option(help: .init("What is asked for: path and query.", valueName: "path"))
    var path = "/"

    @Option(help: .init("How long an invocation may take.", valueName: "time"))
    var timeout = DurationArgument(.seconds(10))

    @Option(help: .init("How often everybody asks.", valueName: "n"))
    var waves = 1

    @Option(help: .init("The rest between two waves, in which the environments are frozen.", valueName: "time"))
    var rest = DurationArgument(.seconds(1))

    @Option(help: .init("Spread the requests of a wave over this time.", valueName: "time"))
    var ramp = DurationArgument(.zero)

    @Option(
        name: .customLong("concurrency-per-environment"),
        help: .init("Requests that each environment gets at a time; with more than 1 it is not frozen.", valueName: "n")
    )
    var concurrency = 1

    @Option(help: .init("In each wave, everybody asks again for this long.", valueName: "time"))
    var length = DurationArgument(.zero)

    @Option(
        name: .customLong("first-path"),
        help: .init("Everybody asks for this once, before the first wave.", valueName: "path")
    )
    var firstPath: String?

    @Option(
        help: .init(
            "A path that opens no connection: the same waves on it are timed first, to know what the starts alone take.",
            valueName: "path"
        )
    )
    var floor: String?

    @Option(
        name: .customLong("restart-after"),
        help: .init("Restart the server this long after the beginning of the first wave.", valueName: "time")
    )
    var restartAfter: DurationArgument?

    @Option(help: .init("Whether the functions' manners are on (vernal) or off (naive).", valueName: "policy"))
    var policy = StormPolicy.vernal

    @Option(help: .init("How the function is spoken to.", valueName: "how"))
    var mode = FunctionPlatformOptions.Mode.lambda

    @Option(
        name: .customLong("env"),
        help: .init("A variable for the function; may be repeated.", valueName: "NAME=VALUE")
    )
    var variables: [EnvironmentVariable] = []

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: .init("Write a page with the plots to this file.", valueName: "file.html"))
    var report: String?

    @Argument(parsing: .postTerminator, help: "The function's program and its arguments, after '--'.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty {
            throw ValidationError("The function's program is missing. Write it after '--': vernal storm -- ./function")
        }
        guard (1...1000).contains(environments) else { throw ValidationError("-n has to be from 1 to 1000.") }
        guard (4...10_000).contains(maxConnections) else {
            throw ValidationError("--max-connections has to be from 4 to 10000: three are kept by the server.")
        }
        guard (1...1000).contains(waves) else { throw ValidationError("--waves has to be from 1 to 1000.") }
        guard (1...1000).contains(concurrency) else {
            throw ValidationError("--concurrency-per-environment has to be from 1 to 1000.")
        }
        for (name, path) in [("--path", path), ("--first-path", firstPath ?? "/"), ("--floor", floor ?? "/")] {
            guard path.hasPrefix("/") else { throw ValidationError("\(name) has to begin with '/'.") }
        }
        guard timeout.value > .zero else { throw ValidationError("--timeout has to be more than 0.") }
        if let report {
            let folder = URL(filePath: report).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: folder) else {
                throw ValidationError("--report: \(folder) is no folder that can be written to.")
            }
        }
    }

    private var plan: StormPlan {
        StormPlan(
            environments: environments,
            concurrency: concurrency,
            waves: waves,
            rest: rest.value,
            ramp: ramp.value,
            length: length.value,
            firstPath: firstPath,
            path: path,
            maxConnections: maxConnections,
            policy: policy
        )
    }

    /// The program with the policy's variables, and those of the command line over them.
    private func program() throws -> FunctionProgram {
        var program = try FunctionProgram(command: command)
        program.environment = policy.variables
        for variable in variables { program.environment[variable.name] = variable.value }
        return program
    }

    func run() async throws {
        try OpenFiles.check(environments: environments, withRelays: true)
        try await Failures.explained {
            let program = try program()
            let options = EmbeddedPostgresOptions(
                maxConnections: maxConnections,
                // One of the three that a server keeps is taken by whoever counts.
                settings: ["superuser_reserved_connections": "2"]
            )
            let signals = EndSignals()
            defer { signals.stop() }
            let received = signals.received
            let evaluation = try await withThrowingTaskGroup(of: StormEvaluation?.self) { group in
                group.addTask {
                    try await withEmbeddedPostgres(options) { server in
                        try await storm(program, FunctionDatabase(embedded: server), server)
                    }
                }
                group.addTask {
                    for await _ in received { return nil }
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let evaluation else {
                standardError("vernal: interrupted")
                throw ExitCode(130)
            }
            try show(evaluation)
        }
    }

    private func platformOptions(
        _ program: FunctionProgram,
        _ database: FunctionDatabase
    ) throws -> FunctionPlatformOptions {
        var options = FunctionPlatformOptions(program: program)
        options.mode = mode
        options.limits.environments = environments
        options.limits.concurrency = concurrency
        options.identity.concurrency = concurrency
        options.limits.timeout = timeout.value
        options.limits.initTimeout = max(timeout.value, .seconds(10))
        options.limits.idleAfter = .seconds(3600)
        options.limits.freezes = mode == .lambda && concurrency == 1
        options.limits.survivesTimeout = mode == .http || concurrency > 1
        options.limits.shutdown = .kill
        options.limits.reuse = .leastRecent
        options.identity.name = program.name
        options.identity.timeout = timeout.value
        options.reportsMemory = false
        options.enforcesMemory = false
        options.variables = { database.variables(for: $0) }
        options.relayTarget = try database.relayTarget()
        options.relayVariables = { ["DATABASE_URL": database.url(throughPort: $0)] }
        return options
    }

    /// The lone run, then the storm.
    private func storm(
        _ program: FunctionProgram,
        _ database: FunctionDatabase,
        _ server: EmbeddedPostgresServer
    ) async throws -> StormEvaluation {
        let progress = StormProgress(total: environments, waves: waves)
        progress.say("one environment alone, to know what is possible …")
        let lone = try await loneRun(program, database)
        let floor = try await floorRun(program, database, progress)
        let recorder = StormRecorder()
        var options = try platformOptions(program, database)
        options.observe = { recorder.take($0) }
        let sampler = ServerSampler(database, recorder)
        let before = try Self.refusals(in: server)
        let plan = plan
        let (waves, requests, reports) = try await Self.running(options) { platform, front in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await sampler.run(platform) }
                var storm = Storm(plan: plan, platform: platform, front: front, recorder: recorder)
                storm.disturbance = restartAfter.map { after in
                    .init(after: after.value) {
                        do { try await server.restart() } catch { standardError("vernal: \(error)") }
                    }
                }
                let (waves, requests) = await storm.run { wave, answered in
                    progress.show(wave, answered, connections: sampler.latest?.connections)
                }
                group.cancelAll()
                return (waves, requests, platform.snapshot())
            }
        }
        progress.end()
        let evaluation = StormEvaluation(
            plan: plan,
            waves: waves,
            requests: requests,
            samples: sampler.all,
            recorder: recorder,
            reports: reports,
            refusedConnects: try Self.refusals(in: server) - before,
            lone: lone,
            floor: floor
        )
        await database.monitor?.dispose(grace: .zero)
        return evaluation
    }

    /// The same waves on a path that opens no connection.
    private func floorRun(
        _ program: FunctionProgram,
        _ database: FunctionDatabase,
        _ progress: StormProgress
    ) async throws -> Duration? {
        guard let floor else { return nil }
        progress.say("the same waves on \(floor), to know what the starts alone take …")
        let recorder = StormRecorder()
        var options = try platformOptions(program, database)
        options.observe = { recorder.take($0) }
        let plan = StormPlan(
            environments: environments,
            concurrency: concurrency,
            waves: waves,
            rest: .milliseconds(100),
            ramp: ramp.value,
            path: floor,
            maxConnections: maxConnections,
            policy: policy
        )
        return try await Self.running(options) { platform, front in
            let storm = Storm(plan: plan, platform: platform, front: front, recorder: recorder)
            let (waves, requests) = await storm.run { _, _ in }
            guard requests.allSatisfy(\.isSuccess) else {
                throw LocalFunctionsError.notAProgram("--floor: not every request for \(floor) was answered")
            }
            return waves.reduce(.zero) { $0 + ($1.ended - $1.began) }
        }
    }

    private func loneRun(
        _ program: FunctionProgram,
        _ database: FunctionDatabase
    ) async throws -> StormEvaluation.LoneRun {
        let recorder = StormRecorder()
        var options = try platformOptions(program, database)
        options.observe = { recorder.take($0) }
        let plan = plan
        let request = try await Self.running(options) { platform, front in
            let storm = Storm(plan: plan, platform: platform, front: front, recorder: recorder)
            let request = await storm.send(0, plan.path)
            // The report follows the answer.
            try? await Task.sleep(for: .milliseconds(50))
            return request
        }
        guard request.isSuccess else {
            let said = recorder.firstLines.joined(separator: "\n")
            throw LocalFunctionsError.notAProgram(
                "one environment alone already fails: \(path) was answered with \(request.status) "
                    + "\(request.problem ?? "")\n\(said)"
            )
        }
        let held = request.requestID.flatMap { recorder.duration(of: $0) } ?? request.latency
        return .init(cold: request.latency, held: held)
    }

    /// Runs a platform with a front on a free port for as long as the closure takes.
    private static func running<R: Sendable>(
        _ options: FunctionPlatformOptions,
        _ body: @Sendable (FunctionPlatform, Front) async throws -> R
    ) async throws -> R {
        let platform = FunctionPlatform(options)
        let front = try await Front.open(platform, host: "127.0.0.1", port: 0)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await platform.run() }
            group.addTask { await front.run() }
            let result = try await body(platform, front)
            platform.shutDown()
            try await group.next()
            group.cancelAll()
            return result
        }
    }

    /// How often the server has said that it has no slot left.
    private static func refusals(in server: EmbeddedPostgresServer) throws -> Int {
        try server.readLog().split(separator: "\n").count {
            $0.contains("FATAL:") && ($0.contains("too many clients") || $0.contains("connection slots are reserved"))
        }
    }

    private func show(_ evaluation: StormEvaluation) throws {
        let result = evaluation.result
        standardOutput(json ? try JSONOutput.text(result) : StormTable(result: result).text)
        let problems = Set(evaluation.requests.compactMap(\.problem))
        if !json, !problems.isEmpty {
            standardOutput("What failed said: " + problems.sorted().prefix(3).joined(separator: " | "))
        }
        // Behind the result: a file that cannot be written does not take it along.
        if let report {
            let page = StormPage(evaluation: evaluation, result: result, command: command)
            try page.html.write(toFile: report, atomically: true, encoding: .utf8)
            standardError("vernal: report written to \(report)")
        }
    }
}
