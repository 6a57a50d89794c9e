import ArgumentParser
import EmbeddedPostgres
import Foundation
import LocalFunctions
import Vernal

/// `vernal run`: a function platform on this machine.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a function as a platform would: cold starts, freezes, deadlines, many environments.",
        usage: "vernal run [OPTIONS] -- PROGRAM [ARGUMENTS...]",
        discussion: """
            One address serves both ways to call the function:
              AWS clients    with the endpoint URL (Invoke API; every function name is this function)
              any HTTP       on every other path, as a function URL does: curl http://127.0.0.1:9000/users

            Each environment is a process with a runtime API of its own, started when a request finds none free.

            Without DATABASE_URL an embedded PostgreSQL is started and handed to the function; it is gone afterwards.

            Examples:
              vernal run -- ./users-function
              vernal run -n 20 --freeze --idle-after 1m -- ./users-function
              vernal run --mode http -- ./server                # a function that listens at PORT itself
              vernal run --watch Sources --build 'swift build' -- .build/debug/users-function
              vernal run --dashboard -- ./users-function      # and a page that shows what happens

            While it runs: vernal ps, vernal invoke, vernal freeze, vernal kill, vernal fault.
            Ctrl-C ends it and everything it started; a second Ctrl-C does so at once.

            The exit status is 0 after Ctrl-C or SIGTERM, 64 for wrong usage, 66 when the program cannot be run, and 69 when \
            there is no database to run or the address is taken.
            """
    )

    @Option(help: .init("Where to listen.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 9000)

    @OptionGroup var function: FunctionOptions

    @Option(
        name: .customLong("max-connections"),
        help: .init("How many connections the embedded PostgreSQL allows.", valueName: "n")
    )
    var maxConnections = 100

    @Flag(name: .customLong("no-database"), help: "Start no embedded PostgreSQL.")
    var noDatabase = false

    @Flag(help: "Put a relay between each environment and the database, for 'vernal fault cut' and 'stall'.")
    var faults = false

    @Option(help: .init("Replace the environments when a file below this folder changes.", valueName: "folder"))
    var watch: String?

    @Option(help: .init("With --watch: the command that builds the program first.", valueName: "command"))
    var build: String?

    @Option(name: .customLong("log-format"), help: .init("text or json.", valueName: "format"))
    var logFormat = LogFormat.text

    @Flag(help: "Leave out the START, END and REPORT lines.")
    var quiet = false

    @Flag(help: "Serve a page that shows environments, connections and events; its address is printed.")
    var dashboard = false

    @Argument(parsing: .postTerminator, help: "The function's program and its arguments, after '--'.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty {
            throw ValidationError("The function's program is missing. Write it after '--': vernal run -- ./function")
        }
        if build != nil, watch == nil { throw ValidationError("--build needs --watch.") }
        if let watch, !FileManager.default.fileExists(atPath: watch) {
            throw ValidationError("There is no folder \(watch) to watch.")
        }
    }

    func run() async throws {
        let signals = EndSignals()
        defer { signals.stop() }
        let ends = signals.received
        let variables = try function.functionVariables()
        try OpenFiles.check(environments: function.environments, withRelays: faults)
        try await Failures.explained {
            var program = try FunctionProgram(command: command)
            program.environment = variables
            let all = ProcessInfo.processInfo.environment.merging(variables) { $1 }
            if let url = all["DATABASE_URL"], !url.isEmpty {
                try await serve(program, FunctionDatabase(url: url), ends)
            } else if noDatabase || all["PGHOST"] != nil || all["PGSERVICE"] != nil {
                try await serve(program, nil, ends)
            } else {
                try await withEmbeddedPostgres(EmbeddedPostgresOptions(maxConnections: maxConnections)) { server in
                    try await serve(program, FunctionDatabase(embedded: server), ends)
                }
            }
        }
    }

    private func serve(
        _ program: FunctionProgram,
        _ database: FunctionDatabase?,
        _ ends: AsyncStream<Int32>
    ) async throws {
        let printer = EventPrinter(format: logFormat, reports: !quiet)
        let view = LiveView()
        var options = function.platformOptions(for: program)
        options.reportsMemory = !quiet
        options.identity.logsJSON = logFormat == .json
        let log: DashboardLog? =
            if dashboard {
                DashboardLog(
                    name: options.identity.name,
                    environments: function.environments,
                    slots: await database?.usableSlots()
                )
            } else { nil }
        options.observe = { event in
            view.note(event)
            printer.take(event)
            log?.note(event)
        }
        if let database {
            options.variables = { database.variables(for: $0) }
            if faults {
                options.relayTarget = try database.relayTarget()
                options.relayVariables = { ["DATABASE_URL": database.url(throughPort: $0)] }
            }
        }
        let platform = FunctionPlatform(options)
        var faultHandler: FaultHandler?
        if let database {
            let databaseFaults = DatabaseFaults(database)
            faultHandler = { try await databaseFaults.perform($0, $1) }
        }
        let front = try await Front.open(
            platform,
            host: listen.host,
            port: listen.port,
            faults: faultHandler,
            connections: { await database?.connections() },
            dashboard: log.map { log in
                Dashboard(page: DashboardPage.html) { after in (try? log.json(after: after)) ?? [] }
            }
        )
        let server = database?.server.map { ", PostgreSQL on port \($0.port)" } ?? ""
        standardOutput("vernal: listening on \(front.url)\(server)")
        if log != nil { standardOutput("vernal: dashboard at \(ListenAddress.reachable(front.url))\(Dashboard.path)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { printer.finish() }
                try await platform.run()
            }
            group.addTask { await front.run() }
            group.addTask { await Self.awaitSignals(ends, platform) }
            if let log { group.addTask { await log.run(platform) { await database?.connections() } } }
            if let watch {
                let watcher = SourceWatcher(folder: watch, build: build)
                group.addTask {
                    await watcher.run(say: { printer.take(.notice(nil, $0)) }, changed: { platform.replaceAll() })
                }
            }
            // The printer is the last: it ends when the platform has, and everything is written.
            await printer.run {
                let environments = platform.snapshot()
                let connections = await database?.connections()
                return view.lines(environments, connections: connections?.values.reduce(0, +))
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        await database?.monitor?.dispose(grace: .zero)
    }

    /// The first signal ends the environments in the way that was chosen, the second one at once.
    private static func awaitSignals(_ ends: AsyncStream<Int32>, _ platform: FunctionPlatform) async {
        var count = 0
        for await _ in ends {
            count += 1
            if count == 1 {
                platform.shutDown()
            } else {
                for environment in platform.snapshot() { platform.end(EnvironmentID(environment.id), gently: false) }
            }
        }
    }
}
