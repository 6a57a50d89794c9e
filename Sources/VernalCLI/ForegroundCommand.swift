import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// A command that runs in our place: it has our terminal, gets our signals, and gives us its exit status.
struct ForegroundCommand {
    private let name: String
    private let arguments: [String]

    /// - Parameter command: The program and its arguments; an empty one is a program that is not found.
    init(_ command: [String]) {
        name = command.first ?? ""
        arguments = Array(command.dropFirst())
    }

    private var executable: Executable {
        name.contains("/") ? .path(FilePath(name)) : .name(name)
    }

    /// The exit status of a command that cannot be run at all, explained on standard error; `nil` when it can be tried.
    ///
    /// As in a shell: 127 when there is no such command, 126 when it is not a program.
    func refusal() async -> Int32? {
        guard name.contains("/") else {
            if (try? await executable.resolveExecutablePath(in: .inherit)) != nil { return nil }
            standardError("vernal: command not found: \(name)")
            return 127
        }
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: name) else {
            standardError("vernal: command not found: \(name)")
            return 127
        }
        let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
        if !isFolder, FileManager.default.isExecutableFile(atPath: name) { return nil }
        standardError("vernal: not a program that can be run: \(name)")
        return 126
    }

    /// Runs the command to its end.
    ///
    /// - Parameter environment: Variables to add to our own.
    /// - Returns: The command's exit status as a shell would give it: 128 + N for signal N, 126 when it
    ///   could not be run after all, which was explained on standard error.
    /// - Throws: What the system said when the command could not be watched.
    func run(environment: [String: String]) async throws -> Int32 {
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[.init(stringLiteral: name)] = value }
        let forwarder = SignalForwarder()
        let orphanGuard = OrphanGuard()
        defer { orphanGuard.dismiss() }
        try await orphanGuard.begin()
        do {
            let result = try await Subprocess.run(
                executable,
                arguments: Arguments(arguments),
                environment: .inherit.updating(variables),
                input: .currentStandardInput,
                output: .currentStandardOutput,
                error: .currentStandardError
            ) { execution in
                forwarder.begin(to: execution.processIdentifier.value)
                orphanGuard.watch(execution.processIdentifier.value)
            }
            forwarder.end()
            return switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        } catch let error as SubprocessError {
            standardError("vernal: cannot run \(name): \(error)")
            return 126
        }
    }
}
