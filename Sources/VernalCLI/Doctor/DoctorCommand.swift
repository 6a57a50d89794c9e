import ArgumentParser
import Foundation
import Vernal

/// `vernal doctor`: goes the whole way to a database and says what to change.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check a connection step by step, and say what to change.",
        discussion: """
            It looks up the name, connects, encrypts, logs in and asks, with the time that each step takes; looks at the \
            certificate and at what is in between; and compares the server's clock, limits and settings with the pool's. \
            Without a URL it takes the configuration as a function does: DATABASE_URL, VERNAL_* and libpq's variables.

            It makes one connection. With TLS it makes two more, to see whether sslmode=verify-full and \
            channel_binding=require would do; --gentle leaves these out. Behind a pooler it may offer a parameter that some \
            refuse, and ask the pooler's console. Nothing is changed anywhere.

            The exit status is
              0   there is a connection
              1   with --strict: there is one, and something ought to be changed
              64  wrong usage, or a configuration that makes no sense
              68  the host name is not known
              69  the server cannot be reached, or does not answer
              75  the server is full or not ready: it may pass
              76  TLS: there is none, or the certificate does not stand up
              77  the login was refused
            Passwords are never shown.
            """
    )

    @OptionGroup var server: ServerArgument

    @Option(help: .init("The named engine whose variables are taken: DATABASE_URL_NAME, ….", valueName: "name"))
    var engine: String?

    @Flag(help: "Make one connection only.")
    var gentle = false

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Exit with 1 when something ought to be changed.")
    var strict = false

    func validate() throws {
        if server.url != nil, engine != nil { throw ValidationError("Write a URL or --engine, not both.") }
        guard server.isKnown || engine != nil else {
            throw ValidationError("Say where the database is: vernal doctor postgres://… (or set DATABASE_URL)")
        }
    }

    func run() async throws {
        let facts: DoctorFacts
        do throws(VernalError) {
            let configuration = try server.configuration(for: engine)
            facts = await Doctor(
                configuration: configuration,
                timeout: .seconds(server.timeout),
                triesStricter: !gentle
            ).examine()
        } catch {
            standardError("vernal: \(error)")
            throw ExitCode(64)
        }
        let report = DoctorReport(facts)
        standardOutput(json ? try JSONOutput.text(report) : DoctorText(facts: facts).text)
        if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
        if strict, report.verdict != "sound" { throw ExitCode(1) }
    }
}
