import ArgumentParser

/// The root of the `vernal` command line tool.
@main
struct VernalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vernal",
        abstract: "Tools for functions that use PostgreSQL.",
        subcommands: [DetectCommand.self, PostgresCommand.self]
    )
}
