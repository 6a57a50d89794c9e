import ArgumentParser
import Foundation
import LocalFunctions
import NIOHTTP1

/// `vernal ps`: the environments of a running emulator.
struct PsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List the environments of a running emulator.",
        discussion: EmulatorAddress.exitStatuses
    )

    @OptionGroup var address: EmulatorAddress

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await Failures.explained {
            let answer = try await address.control(.GET, "environments", as: [EnvironmentReport].self)
            if json { return standardOutput(answer.json) }
            var table = TextTable(
                heading: ["ENV", "PID", "STATE", "FOR", "INVOKES", "FREEZES", "MEMORY", "INIT", "DB", "LINK"],
                numeric: [0, 1, 4, 5, 6, 7, 8]
            )
            table.rows = answer.content.map { environment in
                [
                    "\(environment.id)", environment.pid.map { "\($0)" } ?? "-", environment.state,
                    "\((environment.seconds * 10).rounded() / 10)s", "\(environment.invocations)",
                    "\(environment.freezes)", environment.memory.map { "\($0 / 1_048_576) MB" } ?? "-",
                    environment.initMs.map { "\(($0 * 10).rounded() / 10) ms" } ?? "-",
                    environment.connections.map { "\($0)" } ?? "-", environment.link ?? "-",
                ]
            }
            standardOutput(table.text)
        }
    }
}

/// One environment on the command line.
struct EnvironmentArgument: ParsableArguments {
    @OptionGroup var address: EmulatorAddress

    @Argument(help: .init("The environment's number, as 'vernal ps' shows it.", valueName: "env"))
    var environment: Int

    func order(_ verb: String) async throws {
        try await Failures.explained {
            _ = try await address.control(
                .POST,
                "environments/\(environment)/\(verb)",
                as: EmulatorAddress.Message.self
            )
        }
    }
}

/// `vernal freeze`.
struct FreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Stop the processes of an idle environment; its next invocation lets them go on.",
        discussion: EmulatorAddress.exitStatuses
    )
    @OptionGroup var target: EnvironmentArgument

    func run() async throws { try await target.order("freeze") }
}

/// `vernal thaw`.
struct ThawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thaw",
        abstract: "Let the processes of a frozen environment go on, without an invocation.",
        discussion: EmulatorAddress.exitStatuses
    )
    @OptionGroup var target: EnvironmentArgument

    func run() async throws { try await target.order("thaw") }
}

/// `vernal kill`.
struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End an environment without notice (SIGKILL).",
        discussion: EmulatorAddress.exitStatuses
    )
    @OptionGroup var target: EnvironmentArgument

    func run() async throws { try await target.order("kill") }
}

/// `vernal term`.
struct TermCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "term",
        abstract: "Ask an environment to end (SIGTERM), and kill it after the grace.",
        discussion: EmulatorAddress.exitStatuses
    )
    @OptionGroup var target: EnvironmentArgument

    func run() async throws { try await target.order("term") }
}

/// `vernal fault`: what can go wrong with a database.
struct FaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault",
        abstract: "Make something go wrong between the functions and their database.",
        discussion: """
            For one environment (needs 'vernal run --faults', except terminate-backend):
              cut ENV                 reset its connections, and let no new ones through
              stall ENV               pass nothing on in either direction, and say nothing
              heal ENV                pass everything on again
              terminate-backend ENV   end its connections at the server, as an administrator would

            For the server (fill-slots for any server, the others for the embedded one):
              restart-server, stop-server, start-server
              fill-slots              take every connection slot that functions could have
              free-slots              give them back

            \(EmulatorAddress.exitStatuses)
            """
    )

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case cut, stall, heal
        case terminateBackend = "terminate-backend"
        case restartServer = "restart-server"
        case stopServer = "stop-server"
        case startServer = "start-server"
        case fillSlots = "fill-slots"
        case freeSlots = "free-slots"

        var needsEnvironment: Bool { [.cut, .stall, .heal].contains(self) }
        var takesEnvironment: Bool { needsEnvironment || self == .terminateBackend }
    }

    @OptionGroup var address: EmulatorAddress

    @Argument(help: .init("What goes wrong.", valueName: "fault"))
    var kind: Kind

    @Argument(help: .init("For which environment.", valueName: "env"))
    var environment: Int?

    func validate() throws {
        if kind.needsEnvironment, environment == nil {
            throw ValidationError("'\(kind.rawValue)' needs an environment: vernal fault \(kind.rawValue) 1")
        }
        if !kind.takesEnvironment, environment != nil {
            throw ValidationError("'\(kind.rawValue)' is for the whole server; leave the environment out.")
        }
    }

    func run() async throws {
        try await Failures.explained {
            let path = environment.map { "environments/\($0)/\(kind.rawValue)" } ?? "faults/\(kind.rawValue)"
            let answer = try await address.control(.POST, path, as: EmulatorAddress.Message.self)
            standardOutput(answer.content.message)
        }
    }
}
