import ArgumentParser

/// The root of the `vernal` command line tool.
@main
struct VernalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vernal",
        abstract: "Tools for functions that use PostgreSQL.",
        discussion: """
            Start with 'vernal run -- ./function', then call it: curl http://127.0.0.1:9000/
            'vernal help SUBCOMMAND' explains one. Completions: vernal --generate-completion-script bash
            """,
        groupedSubcommands: [
            CommandGroup(name: "Run functions:", subcommands: [RunCommand.self, StormCommand.self]),
            CommandGroup(
                name: "Talk to running functions:",
                subcommands: [
                    InvokeCommand.self, PsCommand.self, FreezeCommand.self, ThawCommand.self, KillCommand.self,
                    TermCommand.self, FaultCommand.self,
                ]
            ),
            CommandGroup(
                name: "Databases:",
                subcommands: [
                    PostgresCommand.self, DetectCommand.self, DoctorCommand.self, AdviseCommand.self,
                ]
            ),
        ]
    )
}
