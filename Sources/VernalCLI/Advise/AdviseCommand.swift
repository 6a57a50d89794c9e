import ArgumentParser
import Foundation
import Vernal

/// `vernal advise`: how large the pools of a fleet should be.
struct AdviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advise",
        abstract: "Say how many connections each instance should have, and whether a pooler is needed.",
        discussion: """
            It puts the rules that are in use side by side (four fifths of max_connections by instances, requests/s × \
            duration × 1.5, cores × 2 + spindles, what services share), says which one binds, what the next scale-out \
            does, and what to paste.

            The server is asked for its limits and their use, unless --max-connections is given and no URL; then \
            nothing is asked of anybody. What is given as an option wins over what the server says. Without a URL it takes \
            the configuration as a function does: DATABASE_URL, VERNAL_* and libpq's variables.

            Examples:
              vernal advise postgres://… -n 50 --requests 200 --query-time 20ms
              vernal advise --max-connections 100 -n 40 --services 3 --cores 4

            The exit status is 0 when there is an advice, 1 with --strict when something ought to be changed, 64 for \
            wrong usage, 69 when the server could not be reached, and 77 when it refused the login. Passwords are never \
            shown.
            """
    )

    @OptionGroup var server: ServerArgument

    @Option(
        name: [.customShort("n"), .customLong("instances"), .customLong("reserved-concurrency")],
        help: .init("How many instances there are at a time; the reserved concurrency is the most.", valueName: "n")
    )
    var instances = 1

    @Option(
        name: .customLong("scale-to"),
        help: .init("How many there will be; default: twice as many.", valueName: "n")
    )
    var scaleTo: Int?

    @Option(help: .init("How many invocations an instance has at a time.", valueName: "n"))
    var concurrency = 1

    @Option(help: .init("Requests a second, of all instances together.", valueName: "rate"))
    var requests: Double?

    @Option(name: .customLong("query-time"), help: .init("How long a request keeps a connection.", valueName: "time"))
    var queryTime: DurationArgument?

    @Option(help: .init("How many services share the server.", valueName: "n"))
    var services = 1

    @Option(help: .init("Cores of the server.", valueName: "n"))
    var cores: Int?

    @Option(help: .init("Disks of the server that seek on their own; 0 when all is in memory.", valueName: "n"))
    var spindles = 1

    @Option(name: .customLong("max-connections"), help: .init("The server's max_connections.", valueName: "n"))
    var maxConnections: Int?

    @Option(help: .init("How many of them are kept for administrators.", valueName: "n"))
    var reserved: Int?

    @Option(help: .init("How many others than this service use now.", valueName: "n"))
    var used: Int?

    @Option(
        help: .init("What is in between, as VERNAL_UPSTREAM has it: pgbouncer, rdsProxy, ….", valueName: "upstream")
    )
    var pooler: String?

    @Option(name: .customLong("pooler-clients"), help: .init("How many clients it takes.", valueName: "n"))
    var poolerClients: Int?

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Exit with 1 when something ought to be changed.")
    var strict = false

    func validate() throws {
        func require(_ value: Int?, _ range: ClosedRange<Int>, _ name: String) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError("\(name) has to be from \(range.lowerBound) to \(range.upperBound), not \(value).")
        }
        try require(instances, 1...1_000_000, "--instances")
        try require(scaleTo, 1...1_000_000, "--scale-to")
        try require(concurrency, 1...10_000, "--concurrency")
        try require(services, 1...10_000, "--services")
        try require(cores, 1...10_000, "--cores")
        try require(spindles, 0...10_000, "--spindles")
        try require(maxConnections, 1...262_143, "--max-connections")
        try require(reserved, 0...262_143, "--reserved")
        try require(used, 0...262_143, "--used")
        try require(poolerClients, 1...1_000_000, "--pooler-clients")
        if let requests, !(requests > 0 && requests <= 1e9) {
            throw ValidationError("--requests has to be more than 0 requests a second.")
        }
        if let queryTime, queryTime.value <= .zero { throw ValidationError("--query-time has to be more than 0.") }
        if (requests == nil) != (queryTime == nil) {
            throw ValidationError("--requests and --query-time belong together: --requests 200 --query-time 20ms")
        }
        if let maxConnections, let reserved, reserved >= maxConnections {
            throw ValidationError("--reserved has to be less than --max-connections.")
        }
        if let pooler, SizingQuestion.Pooler(upstream: pooler) == nil {
            throw ValidationError(
                "--pooler knows no '\(pooler)': write pgbouncer, rdsProxy, pgpool, odyssey, supavisor, …."
            )
        }
        if poolerClients != nil, pooler == nil, isOffline { throw ValidationError("--pooler-clients needs --pooler.") }
        if !server.isKnown, maxConnections == nil {
            throw ValidationError(
                "Say where the database is, or how many connections it allows: vernal advise postgres://… -n 50, or "
                    + "vernal advise --max-connections 100 -n 50"
            )
        }
    }

    private var isOffline: Bool { server.url == nil && maxConnections != nil }

    func run() async throws {
        var question: SizingQuestion
        var source = "From the options; no server was asked."
        if let maxConnections, isOffline {
            question = SizingQuestion(maxConnections: maxConnections)
        } else {
            (question, source) = try await ask()
        }
        take(&question)
        let advice = SizingAdvice(question)
        standardOutput(
            json ? try JSONOutput.text(SizingReport(advice)) : SizingText(advice: advice, source: source).text
        )
        if strict, !advice.isSound { throw ExitCode(1) }
    }

    /// Puts what was given as options over what the server says.
    private func take(_ question: inout SizingQuestion) {
        question.maxConnections = maxConnections ?? question.maxConnections
        question.reserved = reserved ?? min(question.reserved, question.maxConnections - 1)
        question.usedByOthers = used ?? question.usedByOthers
        question.instances = instances
        question.scaleTo = scaleTo
        question.concurrency = concurrency
        question.services = services
        question.requestsPerSecond = requests
        question.queryTime = queryTime?.value
        question.cores = cores
        question.spindles = spindles
        if let pooler { question.pooler = SizingQuestion.Pooler(upstream: pooler) }
        if let poolerClients { question.pooler?.clientLimit = poolerClients }
    }

    private func ask() async throws -> (SizingQuestion, String) {
        let inspection: UpstreamInspection
        do throws(VernalError) {
            let configuration = try server.configuration()
            inspection = try await UpstreamInspection.inspect(
                configuration,
                asking: [.probe, .poolerLimits],
                timeout: .seconds(server.timeout)
            )
        } catch {
            standardError("vernal: \(error)")
            throw ExitCode(ServerArgument.status(for: error))
        }
        if let facts = inspection.server { return (SizingQuestion(inspection, facts), Self.line(inspection, facts)) }
        guard let maxConnections else {
            standardError(
                "vernal: \(inspection.address) does not say how many connections it allows: add --max-connections"
            )
            throw ExitCode(69)
        }
        return (
            SizingQuestion(maxConnections: maxConnections),
            "From the options; \(inspection.address) does not say what it allows."
        )
    }

    private static func line(_ inspection: UpstreamInspection, _ facts: ServerFacts) -> String {
        var text =
            "\(inspection.address) (\(inspection.status.kind)): \(facts.maxConnections) slots, \(facts.reserved) of them reserved, "
            + "\(facts.used) in use, \(facts.roleUsed) of those by the role \(facts.role)"
        if let limit = facts.roleLimit { text += ", which may have \(limit)" }
        if let limit = facts.databaseLimit { text += "; the database \(facts.database) takes \(limit)" }
        return text
    }
}
