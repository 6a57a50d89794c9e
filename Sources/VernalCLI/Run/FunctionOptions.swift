import ArgumentParser
import Foundation
import LocalFunctions

/// The options that say how functions are run.
struct FunctionOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long],
        help: .init("The most environments (processes) at a time.", valueName: "n")
    )
    var environments = 10

    @Option(help: .init("How long an invocation may take before its environment is killed.", valueName: "time"))
    var timeout = DurationArgument(.seconds(3))

    @Option(
        name: .customLong("init-timeout"),
        help: .init("How long the start may take; one that takes longer is tried once more.", valueName: "time")
    )
    var initTimeout = DurationArgument(.seconds(10))

    @Option(help: .init("Megabytes; a process that uses more is killed, where the system tells.", valueName: "MB"))
    var memory = 512

    @Option(
        name: .customLong("concurrency-per-environment"),
        help: .init("Invocations that one environment gets at a time.", valueName: "n")
    )
    var concurrency = 1

    @Flag(help: "Stop an environment's processes (SIGSTOP) while it has nothing to do, as the platform does.")
    var freeze = false

    @Option(
        name: .customLong("idle-after"),
        help: .init("How long an environment may rest before it is reaped.", valueName: "time")
    )
    var idleAfter = DurationArgument(.seconds(300))

    @Option(
        help: .init(
            "How an environment ends: kill (no notice), term (SIGTERM and the grace), or platform: "
                + "SIGTERM only for a function that registered an extension.",
            valueName: "how"
        )
    )
    var shutdown = FleetLimits.Shutdown.platform

    @Option(help: .init("What SIGTERM gives before SIGKILL.", valueName: "time"))
    var grace = DurationArgument(.milliseconds(500))

    @Option(help: .init("Which idle environment is used next.", valueName: "order"))
    var reuse = FleetLimits.Reuse.mostRecent

    @Option(
        help: .init("How the function is spoken to: the Lambda runtime API, or HTTP at its PORT.", valueName: "how")
    )
    var mode = FunctionPlatformOptions.Mode.lambda

    @Option(
        help: .init("How long a request may wait when all environments are busy; then it is 429.", valueName: "time")
    )
    var queue = DurationArgument(.zero)

    @Option(
        name: .customLong("event-retries"),
        help: .init("How often an invocation of type Event that fails is tried again, from 0 to 2.", valueName: "n")
    )
    var eventRetries = 2

    @Option(
        name: .customLong("event-retry-pause"),
        help: .init("The pause before the first of these; twice as long before the second.", valueName: "time")
    )
    var eventRetryPause = DurationArgument(.seconds(60))

    @Option(help: .init("The function's name; default: the program's.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("env"),
        help: .init("A variable for the function; may be repeated.", valueName: "NAME=VALUE")
    )
    var variables: [EnvironmentVariable] = []

    @Option(name: .customLong("env-file"), help: .init("A file of variables for the function.", valueName: "file"))
    var variableFiles: [String] = []

    func validate() throws {
        func require(_ value: Int, in range: ClosedRange<Int>, _ name: String) throws {
            guard range.contains(value) else {
                throw ValidationError(
                    "\(name) has to be from \(range.lowerBound) to \(range.upperBound), not \(value)."
                )
            }
        }
        try require(environments, in: 1...1000, "--environments")
        try require(memory, in: 16...65_536, "--memory")
        try require(eventRetries, in: 0...2, "--event-retries")
        try require(concurrency, in: 1...1000, "--concurrency-per-environment")
        for (name, value) in [("--timeout", timeout), ("--init-timeout", initTimeout), ("--idle-after", idleAfter)]
        where value.value <= .zero {
            throw ValidationError("\(name) has to be more than 0.")
        }
        if freeze, concurrency > 1 {
            throw ValidationError(
                "Platforms that give one environment several invocations never freeze it: "
                    + "leave out --freeze or --concurrency-per-environment."
            )
        }
    }

    /// The variables of the files and the command line; what is written later wins.
    func functionVariables() throws -> [String: String] {
        var all: [String: String] = [:]
        for file in variableFiles {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw ValidationError("--env-file \(file) cannot be read.")
            }
            all.merge(try EnvironmentFile.parse(text, name: file)) { $1 }
        }
        for variable in variables { all[variable.name] = variable.value }
        return all
    }

    /// Everything that a platform has to know of the function.
    func platformOptions(for program: FunctionProgram) -> FunctionPlatformOptions {
        var options = FunctionPlatformOptions(program: program)
        options.mode = mode
        options.patience = queue.value
        options.eventRetries = eventRetries
        options.eventRetryPause = eventRetryPause.value
        options.limits.environments = environments
        options.limits.concurrency = concurrency
        options.limits.timeout = timeout.value
        options.limits.initTimeout = initTimeout.value
        options.limits.idleAfter = idleAfter.value
        options.limits.reuse = reuse
        options.limits.freezes = freeze
        options.limits.shutdown = mode == .http && shutdown == .platform ? .term : shutdown
        options.limits.grace = grace.value
        options.limits.survivesTimeout = concurrency > 1 || mode == .http
        options.identity.name = name ?? program.name
        options.identity.memory = memory
        options.identity.timeout = timeout.value
        options.identity.concurrency = concurrency
        return options
    }
}

extension FleetLimits.Shutdown: ExpressibleByArgument {}
extension FleetLimits.Reuse: ExpressibleByArgument {}
extension FunctionPlatformOptions.Mode: ExpressibleByArgument {}
